#include "model/train/session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/strings.h"
#include "model/adapter/adapter_config.h"
#include "model/train/result_folder.h"
#include "model/train/run/checkpoint/checkpoint_store.h"
#include "model/train/run/checkpoint/weight_files.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

constexpr char kOptimizerFile[] = "optimizer.safetensors";
constexpr char kProgressFile[] = "progress.json";
constexpr char kRecipeFile[] = "recipe.yaml";
constexpr char kModelConfigFile[] = "config.json";

struct TypePair {
  tensor::DType ours;
  at::ScalarType theirs;
};
constexpr std::array<TypePair, 3> kTypes = {{{tensor::DType::kF32, at::kFloat}, {tensor::DType::kU8, at::kByte}, {tensor::DType::kF64, at::kDouble}}};

// REQUIRES: contiguous tensors of a type above.
std::vector<StateTensor> Borrowed(const NamedTensors& tensors) {
  std::vector<StateTensor> out;
  for (const auto& [name, value] : tensors) {
    StateTensor t;
    t.name = name;
    t.dtype = std::ranges::find(kTypes, value.scalar_type(), &TypePair::theirs)->ours;
    t.shape.assign(value.sizes().begin(), value.sizes().end());
    t.bytes = {static_cast<const std::byte*>(value.data_ptr()), value.nbytes()};
    out.push_back(std::move(t));
  }
  return out;
}

Result<NamedTensors> Copied(const TensorSet& set, const std::string& folder) {
  NamedTensors out;
  for (const auto& [name, view] : set.all()) {
    const auto type = std::ranges::find(kTypes, view.dtype, &TypePair::ours);
    if (type == kTypes.end()) {
      return Corruption(StrCat(folder, ": tensor '", Printable(name), "' is ", tensor::Describe(view.dtype).name));
    }
    at::Tensor value = at::empty(view.shape, at::TensorOptions(type->theirs));
    if (view.bytes > 0) std::memcpy(value.data_ptr(), view.data, view.bytes);
    set.Forget(view);
    out.emplace_back(name, std::move(value));
  }
  return out;
}

std::string JsonText(const json::Value& value) {
  json::DumpOptions options;
  options.indent = 2;
  return json::Dump(value, options) + "\n";
}

// One run in one process. Confined to one thread.
class Session {
 public:
  Session(const Recipe& recipe, const SessionOptions& options)
      : recipe_(recipe), options_(options), env_(*options.env), start_(options.clock->Now()) {}

  Result<SessionEnd> Run(BaseModel base, Trainer::Data data) {
    version_ = data.train->Version();
    measures_ = data.validation != nullptr;
    Trainer::Options options;
    options.deterministic = options_.deterministic;
    options.members = options_.members;
    options.before_update = [this] { WaitForBorrowed(); };
    PANO_ASSIGN_OR_RETURN(trainer_, Trainer::Create(recipe_, std::move(base), std::move(data), options));
    PANO_RETURN_IF_ERROR(Open());
    if (options_.begins) PANO_RETURN_IF_ERROR(options_.begins(trainer_->step(), trainer_->step_count()));
    while (!trainer_->done()) {
      PANO_RETURN_IF_ERROR(OneStep());
      PANO_ASSIGN_OR_RETURN(const bool stopped, Stopped());
      if (!stopped || trainer_->done()) continue;
      if (saved_ != trainer_->step()) PANO_RETURN_IF_ERROR(Save());
      if (store_) PANO_RETURN_IF_ERROR(store_->Wait());
      return End("terminated", "");
    }
    return Finish();
  }

 private:
  bool writes() const { return !options_.members || options_.members->rank() == 0; }
  void Say(const Event& event) {
    if (options_.events && writes()) static_cast<void>(options_.events->Write(event).ok());  // sinks say it themselves
  }

  // The store, and the state to go on from. Every member reads the same checkpoint.
  Status Open() {
    CheckpointStore::Options options;
    options.folder = JoinPath(options_.folder, "checkpoints");
    options.keep = recipe_.checkpoint.keep;
    options.env = options_.env;
    options.report = [this](const CheckpointOutcome& outcome) {
      Say(CheckpointEvent{outcome.step, outcome.folder, outcome.bytes, outcome.seconds, outcome.status});
    };
    PANO_ASSIGN_OR_RETURN(store_, CheckpointStore::Create(std::move(options)));
    PANO_ASSIGN_OR_RETURN(const bool empty, store_->Empty());
    if (empty) return {};
    if (!options_.resume) {
      return Status(StatusCode::kAlreadyExists,
                    StrCat(options_.folder, ": has checkpoints of a run already: --resume goes on with it, or take another --out"));
    }
    std::vector<std::string> skipped;
    PANO_ASSIGN_OR_RETURN(const std::optional<StoredCheckpoint> latest, store_->LatestWhole(&skipped));
    for (const std::string& text : skipped) Say(NoteEvent{text});
    if (!latest) {
      Say(NoteEvent{StrCat(options_.folder, ": no checkpoint is whole; the run starts anew")});
      return {};
    }
    PANO_ASSIGN_OR_RETURN(TrainingState state, StateOf(*latest));
    if (options_.members) options_.members->KeepOwned(state.optimizer, Leaves(), Names());
    const json::Value* version = state.progress.Find("data");
    const bool other_data = version && version->is_string() && version->as_string() != version_;
    PANO_RETURN_IF_ERROR(trainer_->Restore(std::move(state)).Wrap(latest->folder()));
    saved_ = trainer_->step();
    if (other_data) {
      Say(NoteEvent{"the training data are not those that the run began with"});
    }
    Say(NoteEvent{StrCat("goes on after step ", trainer_->step(), " (", latest->folder(), ")")});
    return {};
  }

  Status OneStep() {
    const TimePoint begin = options_.clock->Now();
    PANO_ASSIGN_OR_RETURN(const StepResult result, trainer_->Step());
    const double seconds = Seconds(options_.clock->Now() - begin);
    tokens_ += result.tokens;
    StepEvent event;
    event.step = result.step;
    event.loss = result.loss;
    event.grad_norm = result.grad_norm;
    event.lr = result.lr;
    event.items = result.items;
    event.tokens = result.tokens;
    event.tok_s = seconds > 0 ? static_cast<double>(result.tokens) / seconds : 0;
    if (recipe_.precision == Precision::kF16) {
      event.more.emplace_back("scale", trainer_->scaler().scale());
      event.more.emplace_back("skipped", result.skipped ? 1 : 0);
    }
    Say(event);
    const int64_t step = result.step;
    const bool last = step == trainer_->step_count();
    bool best = false;
    if (measures_ && (last || (recipe_.evaluate.every > 0 && step % recipe_.evaluate.every == 0))) {
      PANO_ASSIGN_OR_RETURN(best, Measure());
    }
    const bool due = recipe_.checkpoint.every > 0 && step % recipe_.checkpoint.every == 0;
    // The best weights are those of a checkpoint.
    return due || best || trainer_->done() ? Save() : Status();
  }

  Result<bool> Measure() {
    PANO_ASSIGN_OR_RETURN(const Trainer::Evaluation evaluation, trainer_->Evaluate());
    Say(EvalEvent{trainer_->step(), evaluation.loss, evaluation.best, {{"items", evaluation.items}}});
    return evaluation.best;
  }

  Status Save() {
    saved_ = trainer_->step();
    WaitForBorrowed();
    TrainingState state = trainer_->BorrowState();
    if (options_.members) {
      PANO_RETURN_IF_ERROR(options_.members->CollectOptimizer(state.optimizer, Names()));
    }
    if (!writes()) return {};
    state.progress.Set("data", version_);
    if (TensorBytes(state) <= options_.state_copy_bytes_max) {
      CopyTensors(state);
    } else {
      borrowed_ = true;
    }
    const auto owner = std::make_shared<const TrainingState>(std::move(state));
    CheckpointContents contents = ContentsOf(*owner, recipe_, trainer_->step(), trainer_->best().step);
    contents.owner = owner;
    return store_->Save(contents);
  }

  // Until the checkpoint in flight needs the trainer's tensors no more. How it ended is reported by
  // the store.
  void WaitForBorrowed() {
    if (borrowed_) static_cast<void>(store_->Wait().ok());
    borrowed_ = false;
  }

  std::vector<at::Tensor> Leaves() const {
    std::vector<at::Tensor> leaves;
    for (const Trainable& t : trainer_->parameters()) leaves.push_back(t.value);
    return leaves;
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const Trainable& t : trainer_->parameters()) names.push_back(t.name);
    return names;
  }

  // The weights of the best measurement; the last ones where its checkpoint is not to be had.
  Status TakeBest() {
    const Result<StoredCheckpoint> best = store_->Open(trainer_->best().step);
    if (!best.ok()) {
      Say(NoteEvent{StrCat("the result has the last weights: the best ones' checkpoint is not whole: ", best.error().message())});
      return {};
    }
    PANO_ASSIGN_OR_RETURN(const TrainingState state, StateOf(*best));
    return trainer_->RestoreWeights(state.weights).Wrap(best->folder());
  }

  Result<bool> Stopped() {
    double asked = options_.stop && options_.stop() ? 1 : 0;
    if (options_.members) PANO_RETURN_IF_ERROR(options_.members->SumNumbers(std::span(&asked, 1), true));
    return asked > 0;
  }

  Result<SessionEnd> Finish() {
    if (saved_ != trainer_->step()) PANO_RETURN_IF_ERROR(Save());
    const Status saved = store_->Wait();
    const bool patient = trainer_->step() < trainer_->step_count();
    const std::string output = JoinPath(options_.folder, trainer_->adapter() ? "adapter" : "model");
    if (writes()) {
      if (trainer_->best().step >= 0 && trainer_->best().step != trainer_->step()) {
        PANO_RETURN_IF_ERROR(TakeBest());
      }
      PANO_RETURN_IF_ERROR(WriteResult(output, recipe_, *trainer_, {}, env_));
    }
    if (!saved.ok()) Say(NoteEvent{StrCat("the last checkpoint was not written: ", saved.message())});
    return End(patient ? "patience" : "steps", output);
  }

  SessionEnd End(const std::string& reason, const std::string& output) {
    DoneEvent event;
    event.step = trainer_->step();
    event.reason = reason;
    event.output = output;
    event.best_step = trainer_->best().step;
    event.best_loss = trainer_->best().loss;
    event.seconds = Seconds(options_.clock->Now() - start_);
    event.tokens = tokens_;
    Say(event);
    return {reason, output, trainer_->step()};
  }

  const Recipe& recipe_;
  const SessionOptions& options_;
  Env& env_;
  const TimePoint start_;
  std::string version_;  // of the data
  bool measures_ = false;
  int64_t tokens_ = 0;
  int64_t saved_ = -1;  // the step of the last checkpoint
  bool borrowed_ = false;  // by it, of the trainer
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<CheckpointStore> store_;
};

}  // namespace

void CopyTensors(TrainingState& state) {
  for (NamedTensors* tensors : {&state.weights, &state.optimizer}) {
    for (auto& [name, tensor] : *tensors) tensor = tensor.clone();
  }
}

uint64_t TensorBytes(const TrainingState& state) {
  uint64_t bytes = 0;
  for (const NamedTensors* tensors : {&state.weights, &state.optimizer}) {
    for (const auto& [name, tensor] : *tensors) bytes += tensor.nbytes();
  }
  return bytes;
}

CheckpointContents ContentsOf(const TrainingState& state, const Recipe& recipe, int64_t step, int64_t best_step) {
  CheckpointContents contents;
  contents.step = step;
  contents.best_step = best_step;
  if (state.layout == TrainingState::Layout::kAdapter) {
    contents.files.push_back(CheckpointFile::Tensors(std::string(adapter::kWeightsFile), Borrowed(state.weights), {{"format", "pt"}}));
    contents.files.push_back(CheckpointFile::Text(std::string(adapter::kConfigFile), JsonText(state.config)));
  } else {
    contents.files = WeightFiles(Borrowed(state.weights));
    contents.files.push_back(CheckpointFile::Text(kModelConfigFile, JsonText(state.config)));
  }
  contents.files.push_back(CheckpointFile::Tensors(kOptimizerFile, Borrowed(state.optimizer)));
  contents.files.push_back(CheckpointFile::Text(kProgressFile, JsonText(state.progress)));
  contents.files.push_back(CheckpointFile::Text(kRecipeFile, recipe.text));
  return contents;
}

Result<TrainingState> StateOf(const StoredCheckpoint& checkpoint) {
  TrainingState state;
  const bool adapter = checkpoint.Has(adapter::kConfigFile);
  state.layout = adapter ? TrainingState::Layout::kAdapter : TrainingState::Layout::kModel;
  PANO_ASSIGN_OR_RETURN(const TensorSet weights, checkpoint.OpenTensors(adapter ? "adapter_model" : "model"));
  PANO_ASSIGN_OR_RETURN(state.weights, Copied(weights, checkpoint.folder()));
  PANO_ASSIGN_OR_RETURN(const TensorSet optimizer, checkpoint.OpenTensors("optimizer"));
  PANO_ASSIGN_OR_RETURN(state.optimizer, Copied(optimizer, checkpoint.folder()));
  PANO_ASSIGN_OR_RETURN(const std::string config, checkpoint.ReadText(adapter ? adapter::kConfigFile : kModelConfigFile));
  PANO_ASSIGN_OR_RETURN(state.config, json::Parse(config).Wrap(checkpoint.folder()));
  PANO_ASSIGN_OR_RETURN(const std::string progress, checkpoint.ReadText(kProgressFile));
  PANO_ASSIGN_OR_RETURN(state.progress, json::Parse(progress).Wrap(checkpoint.folder()));
  return state;
}

Result<SessionEnd> RunSession(const Recipe& recipe, BaseModel base, Trainer::Data data,
                              const SessionOptions& options) {
  return Session(recipe, options).Run(std::move(base), std::move(data));
}

}  // namespace pano::train
