#include "model/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>
#include <optional>

#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/adapter/adapter_config.h"
#include "model/train/batch.h"
#include "model/train/memory_weights.h"
#include "model/train/module_weights.h"
#include "model/train/recipe/learning_rate.h"
#include "model/train/ops/matrix_product.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

// Streams of random numbers that must not be the same one.
enum class Stream : uint64_t { kWeights = 1, kOrder = 2, kDropout = 3, kAdapter = 4, kHeads = 5 };

uint64_t StreamSeed(int64_t seed, Stream stream, uint64_t number = 0) {
  const auto bits = Philox(static_cast<uint64_t>(seed), number, static_cast<uint64_t>(stream));
  return (static_cast<uint64_t>(bits[0]) << 32) | bits[1];
}

// Overflows one after another that are no longer the search for a scale.
constexpr int64_t kSkippedMax = 50;
constexpr int64_t kEvaluationTokensMax = 8192;

// Gradients of some leaves, undefined where there is none.
using GradientList = std::vector<at::Tensor>;

GradientList TakeGradients(const std::vector<at::Tensor>& leaves) {
  GradientList out;
  for (at::Tensor leaf : leaves) {
    out.push_back(leaf.grad());
    leaf.mutable_grad().reset();
  }
  return out;
}

void SetGradients(const std::vector<at::Tensor>& leaves, const GradientList& gradients) {
  for (size_t i = 0; i < leaves.size(); ++i) {
    at::Tensor leaf = leaves[i];
    leaf.mutable_grad() = gradients[i];
  }
}

void AddTo(GradientList& sum, const GradientList& more) {
  for (size_t i = 0; i < sum.size(); ++i) {
    if (!more[i].defined()) continue;
    sum[i] = sum[i].defined() ? sum[i].add_(more[i]) : more[i];
  }
}

// What each of `count` parts gives, added as a tree of halves: the same bits whoever computes which
// half.
struct PartSum {
  GradientList gradients;
  double loss = 0;
};
template <typename F>
Result<PartSum> TreeSum(int64_t begin, int64_t end, F& part) {
  if (end - begin == 1) return part(begin);
  const int64_t middle = begin + (end - begin) / 2;
  PANO_ASSIGN_OR_RETURN(PartSum left, TreeSum(begin, middle, part));
  PANO_ASSIGN_OR_RETURN(const PartSum right, TreeSum(middle, end, part));
  at::NoGradGuard no_grad;
  AddTo(left.gradients, right.gradients);
  left.loss += right.loss;
  return left;
}

bool AllFinite(const at::Tensor& t) { return at::isfinite(t).all().item<bool>(); }

}  // namespace

Trainer::Trainer(const Recipe& recipe, BaseModel base, Data data, const Options& options)
    : recipe_(recipe),
      options_(options),
      base_(std::move(base)),
      data_(std::move(data)),
      members_(options.members ? options.members : &alone_),
      objective_(recipe),
      order_(data_.train->size(), StreamSeed(recipe.seed, Stream::kOrder), recipe.data.shuffle),
      module_(base_.spec,
              base_.files.weights ? std::nullopt : std::optional(StreamSeed(recipe.seed, Stream::kWeights)),
              StreamSeed(recipe.seed, Stream::kHeads)) {}

Result<std::unique_ptr<Trainer>> Trainer::Create(const Recipe& recipe, BaseModel base, Data data,
                                                 const Options& options) {
  PANO_CHECK(data.train != nullptr);
  try {
    std::unique_ptr<Trainer> trainer(new Trainer(recipe, std::move(base), std::move(data), options));
    PANO_RETURN_IF_ERROR(trainer->Prepare());
    return trainer;
  } catch (const std::exception& e) {
    return Internal(StrCat("[train] ", e.what()));
  }
}

Status Trainer::Prepare() {
  const int64_t batch = recipe_.batch.sequences * recipe_.batch.accumulate;
  step_count_ = recipe_.steps;
  if (recipe_.epochs > 0) {
    if (__builtin_mul_overflow(recipe_.epochs, data_.train->size(), &rows_in_all_)) {
      return recipe_.Wrong("epochs", "is more than can be counted");
    }
    step_count_ = (rows_in_all_ + batch - 1) / batch;
  }
  if (recipe_.batch.sequences < members_->count()) {
    return recipe_.Wrong("batch.sequences", StrCat("has not a row for each of ", members_->count(), " members"));
  }
  if (base_.files.weights) {
    WeightUse use;
    use.frozen = recipe_.adapter.has_value();
    use.fresh_heads = base_.fresh_heads;
    if (Status loaded = LoadStoredWeights(base_.files.weights, module_, use).Wrap(base_.files.path); !loaded.ok()) {
      return recipe_.Wrong("model", loaded.message());
    }
  }
  if (recipe_.task == Task::kPreference) PANO_RETURN_IF_ERROR(MakeReference());
  if (recipe_.adapter) {
    PANO_ASSIGN_OR_RETURN(AdapterSet set, AdapterSet::Create(recipe_, base_, module_, StreamSeed(recipe_.seed, Stream::kAdapter)));
    adapter_.emplace(std::move(set));
    trainables_ = adapter_->tensors();
  } else {
    for (const TransformerModule::Parameter& p : module_.parameters()) {
      const bool layer_norm = p.kind == nn::TensorKind::kNorm && module_.config().norm == nn::NormKind::kLayer;
      trainables_.push_back({p.name, p.value, !layer_norm && !NameIsUndecayed(base_.spec.FileName(p.name))});
    }
  }
  for (Trainable& t : trainables_) {
    if (recipe_.optimizer.no_decay_default) continue;
    const std::string lower = ToLower(t.name);
    t.decays = std::ranges::none_of(recipe_.optimizer.no_decay, [&](const std::string& part) { return lower.find(part) != std::string::npos; });
  }
  optimizer_.emplace(&trainables_, recipe_.optimizer);
  return {};
}

// The model at its start: the base as it lies in its folder, or as it was drawn. An adapter that
// changes no whole module is simply left out of the pass.
Status Trainer::MakeReference() {
  if (recipe_.adapter && recipe_.adapter->modules_to_save.empty() && recipe_.adapter->from.empty()) return {};
  if (!base_.files.weights) {
    reference_.emplace(module_.Converted(at::kFloat));
    return {};
  }
  reference_.emplace(base_.spec, std::nullopt);
  WeightUse use;
  use.frozen = true;
  return LoadStoredWeights(base_.files.weights, *reference_, use).Wrap(base_.files.path);
}

bool Trainer::done() const {
  if (step_ >= step_count_) return true;
  return recipe_.evaluate.patience > 0 && best_.step >= 0 && best_.since >= recipe_.evaluate.patience;
}

std::vector<at::Tensor> Trainer::Leaves() const {
  std::vector<at::Tensor> leaves;
  for (const Trainable& t : trainables_) leaves.push_back(t.value);
  return leaves;
}

Result<Trainer::MicroBatch> Trainer::TakeMicroBatch(int64_t number) const {
  MicroBatch batch;
  batch.number = number;
  const int64_t size = recipe_.batch.sequences;
  int64_t begin = number * size, end = begin + size;
  if (rows_in_all_ > 0) {
    begin = std::min(begin, rows_in_all_);
    end = std::min(end, rows_in_all_);
  }
  batch.rows_in_all = end - begin;
  const int64_t rank = members_->rank(), count = members_->count();
  batch.undivided = objective_.compares_rows() && batch.rows_in_all < count;
  batch.first_row = batch.undivided ? 0 : batch.rows_in_all * rank / count;
  int64_t last_row = batch.rows_in_all * (rank + 1) / count;
  if (batch.undivided) last_row = rank == 0 ? batch.rows_in_all : 0;
  for (int64_t row = batch.first_row; row < last_row; ++row) {
    PANO_ASSIGN_OR_RETURN(Row taken, data_.train->Read(order_.At(begin + row)));
    batch.rows.push_back(std::move(taken));
  }
  return batch;
}

Pass Trainer::PassOf(int64_t micro_batch, int64_t row, Dropout* dropout) const {
  Pass pass;
  pass.precision = recipe_.precision;
  const double adapter = adapter_ ? adapter_->config().dropout : 0;
  if (recipe_.dropout <= 0 && adapter <= 0) return pass;
  const uint64_t seed = StreamSeed(recipe_.seed, Stream::kDropout, static_cast<uint64_t>(micro_batch));
  *dropout = Dropout(recipe_.dropout, StreamSeed(static_cast<int64_t>(seed >> 1), Stream::kDropout, static_cast<uint64_t>(row)));
  pass.dropout = dropout;
  return pass;
}

Result<double> Trainer::Backward(std::span<const Row> rows, int64_t micro_batch, int64_t first_row,
                                 std::span<const double> items) {
  Dropout dropout(0, 0);
  const Pass pass = PassOf(micro_batch, first_row, &dropout);
  const at::Tensor loss = objective_.Loss(module_, rows, items, pass, reference_ ? &*reference_ : &module_);
  const double scale = recipe_.precision == Precision::kF16 ? scaler_.scale() : 1.0;
  if (loss.requires_grad()) (scale == 1.0 ? loss : loss * scale).backward();
  return loss.item<double>();
}

void Trainer::AddGradients(const std::vector<at::Tensor>& leaves, std::vector<at::Tensor> before) {
  at::NoGradGuard no_grad;
  AddTo(before, TakeGradients(leaves));
  SetGradients(leaves, before);
}

Result<double> Trainer::BackwardByRow(const MicroBatch& batch, std::span<const double> items) {
  const std::vector<at::Tensor> leaves = Leaves();
  GradientList before = TakeGradients(leaves);
  auto part = [&](int64_t row) -> Result<PartSum> {
    PartSum out;
    PANO_ASSIGN_OR_RETURN(out.loss, Backward(std::span(batch.rows).subspan(static_cast<size_t>(row), 1), batch.number,
                                             batch.first_row + row, items));
    out.gradients = TakeGradients(leaves);
    return out;
  };
  PartSum sum{GradientList(leaves.size()), 0};
  if (!batch.rows.empty()) {  // the last rows of all may be fewer than there are members
    PANO_ASSIGN_OR_RETURN(sum, TreeSum(0, static_cast<int64_t>(batch.rows.size()), part));
  }
  SetGradients(leaves, sum.gradients);
  double loss = sum.loss;
  PANO_RETURN_IF_ERROR(members_->SumGradients(leaves, true));
  PANO_RETURN_IF_ERROR(members_->SumNumbers(std::span(&loss, 1), true));
  AddGradients(leaves, std::move(before));
  return loss;
}

// The loss lies between all rows of a micro-batch: they are encoded without gradients, the members'
// together give the loss and the gradient of each vector, and the rows are encoded once more to
// pass it on (Gao et al., "Scaling deep contrastive learning batch size under memory limited
// setup", 2021). One process that need not fix the order encodes once. Where the order is fixed,
// every member answers the whole loss, else its part of it.
Result<double> Trainer::BackwardPairs(const MicroBatch& batch, double items) {
  const std::span<const Row> rows = batch.rows;
  Members& group = batch.undivided ? alone_ : *members_;
  Dropout dropout(0, 0);
  const double scale = recipe_.precision == Precision::kF16 ? scaler_.scale() : 1.0;
  auto encode = [&](size_t begin, size_t count) {
    const Pass pass = PassOf(batch.number, batch.first_row + static_cast<int64_t>(begin), &dropout);
    return objective_.Encode(module_, rows.subspan(begin, count), pass);
  };
  if (!options_.deterministic && group.count() == 1) {
    if (rows.empty()) return 0.0;
    const at::Tensor loss = objective_.PairLoss(encode(0, rows.size()), items);
    (loss * scale).backward();
    return loss.item<double>();
  }
  const std::vector<at::Tensor> leaves = Leaves();
  GradientList before = TakeGradients(leaves);
  PartSum sum{GradientList(leaves.size()), 0};
  if (!rows.empty()) {
    const size_t at_once = options_.deterministic ? 1 : rows.size();
    std::vector<at::Tensor> parts;
    {
      at::NoGradGuard no_grad;
      for (size_t begin = 0; begin < rows.size(); begin += at_once) parts.push_back(encode(begin, at_once));
    }
    PANO_ASSIGN_OR_RETURN(const at::Tensor gathered, group.Gather(at::cat(parts)));
    const at::Tensor all = gathered.detach().clone().requires_grad_(true);
    const at::Tensor whole = objective_.PairLoss(all, items);
    (whole * scale).backward();
    PANO_CHECK(batch.first_row + static_cast<int64_t>(rows.size()) <= all.size(0));
    const at::Tensor own = all.grad().narrow(0, batch.first_row, static_cast<int64_t>(rows.size()));
    auto part = [&](int64_t index) -> Result<PartSum> {
      const size_t begin = static_cast<size_t>(index) * at_once;
      const at::Tensor encoded = encode(begin, at_once);
      (encoded * own.narrow(0, static_cast<int64_t>(begin), static_cast<int64_t>(at_once))).sum().backward();
      return PartSum{TakeGradients(leaves), 0};
    };
    PANO_ASSIGN_OR_RETURN(sum, TreeSum(0, static_cast<int64_t>(parts.size()), part));
    sum.loss = options_.deterministic ? whole.item<double>() : whole.item<double>() / group.count();
  }
  SetGradients(leaves, sum.gradients);
  if (options_.deterministic) {
    PANO_RETURN_IF_ERROR(members_->SumGradients(leaves, true));
    if (batch.undivided) PANO_RETURN_IF_ERROR(members_->SumNumbers(std::span(&sum.loss, 1), true));
  }
  AddGradients(leaves, std::move(before));
  return sum.loss;
}

// The step's loss; gradients are the members' sums.
Result<double> Trainer::AllBackward(const std::vector<MicroBatch>& micro_batches,
                                    std::span<const double> items) {
  double loss = 0;
  for (size_t m = 0; m < micro_batches.size(); ++m) {
    const MicroBatch& batch = micro_batches[m];
    if (batch.rows_in_all == 0) continue;  // behind the last epoch
    if (m + 1 == micro_batches.size() && !options_.deterministic && !objective_.compares_rows()) {
      members_->BeginBackward(Leaves());
    }
    Result<double> part = 0.0;
    if (objective_.compares_rows()) {
      part = BackwardPairs(batch, items[0]);
    } else if (options_.deterministic) {
      part = BackwardByRow(batch, items);
    } else if (!batch.rows.empty()) {
      part = Backward(batch.rows, batch.number, batch.first_row, items);
    }
    PANO_ASSIGN_OR_RETURN(const double value, std::move(part));
    loss += value;
  }
  if (options_.deterministic) return loss;
  PANO_RETURN_IF_ERROR(members_->SumGradients(Leaves(), false));
  PANO_RETURN_IF_ERROR(members_->SumNumbers(std::span(&loss, 1), false));
  return loss;
}

void Trainer::ClearGradients() {
  for (at::Tensor leaf : Leaves()) leaf.mutable_grad().reset();
}

Result<StepResult> Trainer::Step() {
  PANO_CHECK(step_ < step_count_);
  std::optional<FixedProductOrder> fixed;
  if (options_.deterministic) fixed.emplace();
  StepResult result;
  result.step = step_ + 1;
  std::vector<MicroBatch> micro_batches;
  std::vector<double> numbers;  // items, then tokens
  for (int64_t m = 0; m < recipe_.batch.accumulate; ++m) {
    PANO_ASSIGN_OR_RETURN(MicroBatch batch, TakeMicroBatch(step_ * recipe_.batch.accumulate + m));
    const std::vector<double> items = objective_.Items(batch.rows);
    numbers.resize(items.size() + 1);
    for (size_t i = 0; i < items.size(); ++i) numbers[i] += items[i];
    for (const Row& row : batch.rows) {
      for (const Sequence& s : row.sequences) {
        numbers.back() += static_cast<double>(
            s.attention_mask.empty() ? static_cast<int64_t>(s.input_ids.size())
                                     : std::ranges::count_if(s.attention_mask, [](uint8_t keep) { return keep != 0; }));
      }
    }
    micro_batches.push_back(std::move(batch));
  }
  PANO_RETURN_IF_ERROR(members_->SumNumbers(numbers, true));
  result.tokens = static_cast<int64_t>(numbers.back());
  numbers.pop_back();
  double items = 0;
  for (double one : numbers) items += one;
  result.items = static_cast<int64_t>(items);
  if (items == 0) {
    return InvalidArgument(StrCat("step ", result.step, " has no labels to learn from: all are -100"));
  }
  const int64_t total = recipe_.schedule.total_steps > 0 ? recipe_.schedule.total_steps : step_count_;
  result.lr = recipe_.optimizer.lr * LearningRateFactor(recipe_.schedule, step_, total);
  try {
    PANO_ASSIGN_OR_RETURN(result.loss, AllBackward(micro_batches, numbers));
    const bool scaled = recipe_.precision == Precision::kF16;
    if (!std::isfinite(result.loss) && !scaled) {
      ClearGradients();
      return NotFinite(micro_batches, "loss");
    }
    if (scaled) ScaleGradients(trainables_, 1 / scaler_.scale());
    result.grad_norm = GradientNorm(trainables_);
    const bool overflow = !std::isfinite(result.grad_norm) || !std::isfinite(result.loss);
    if (overflow && (!scaled || skipped_in_a_row_ >= kSkippedMax)) {
      Status status = NotFinite(micro_batches, std::isfinite(result.loss) ? "gradient" : "loss");
      ClearGradients();
      return status;
    }
    if (keep_gradients_) {
      last_gradients_.clear();
      for (const Trainable& t : trainables_) {
        last_gradients_.push_back(t.value.grad().defined() ? t.value.grad().clone() : at::Tensor());
      }
    }
    result.skipped = overflow;
    skipped_in_a_row_ = overflow ? skipped_in_a_row_ + 1 : 0;
    if (!overflow) PANO_RETURN_IF_ERROR(Update(result));
    if (scaled) scaler_.Update(overflow);
    ClearGradients();
  } catch (const std::exception& e) {  // torch throws where memory runs out, for one
    return Internal(StrCat("[train] step ", result.step, ": ", e.what()));
  }
  ++step_;
  return result;
}

Status Trainer::Update(StepResult& result) {
  const double clip = recipe_.optimizer.clip;
  if (clip > 0) {
    const double factor = clip / (result.grad_norm + 1e-6);
    if (factor < 1) ScaleGradients(trainables_, factor);
  }
  ++updates_;
  if (options_.before_update) options_.before_update();
  for (size_t i = 0; i < trainables_.size(); ++i) {
    if (members_->Owns(i)) optimizer_->Update(i, result.lr, updates_);
  }
  return members_->Share(Leaves());
}

// Says where the first value is that is no number.
Status Trainer::NotFinite(const std::vector<MicroBatch>& micro_batches, std::string_view what) {
  std::string where;
  for (const Trainable& t : trainables_) {
    if (where.empty() && !AllFinite(t.value.detach())) where = StrCat("the weights of '", t.name, "' are no numbers already");
  }
  at::NoGradGuard no_grad;
  for (size_t m = 0; m < micro_batches.size() && where.empty(); ++m) {
    const std::vector<Row>& rows = micro_batches[m].rows;
    if (rows.empty()) continue;
    Pass pass;
    pass.precision = recipe_.precision;
    pass.watch = [&](std::string_view part, const at::Tensor& output) {
      if (where.empty() && !AllFinite(output)) where = StrCat("first in ", part);
    };
    const std::vector<double> items = objective_.Items(rows);
    objective_.Loss(module_, rows, items, pass, reference_ ? &*reference_ : &module_);
  }
  if (where.empty()) {
    for (const Trainable& t : trainables_) {
      if (where.empty() && t.value.grad().defined() && !AllFinite(t.value.grad())) where = StrCat("first in the gradient of '", t.name, "'");
    }
  }
  if (where.empty()) where = "in the sum of the losses";
  return InvalidArgument(StrCat("step ", step_ + 1, ": the ", what, " is no number, ", where,
                                "; a lower optimizer.lr or optimizer.clip helps most often"));
}

Result<Trainer::Evaluation> Trainer::Evaluate() {
  PANO_CHECK(data_.validation != nullptr);
  at::NoGradGuard no_grad;
  Evaluation out;
  const RowSource& source = *data_.validation;
  std::vector<double> sums, items;
  auto add = [&](std::span<const Row> rows) {
    const std::vector<double> counts = objective_.Items(rows);
    Pass pass;
    pass.precision = recipe_.precision;
    const at::Tensor loss = objective_.Loss(module_, rows, counts, pass, reference_ ? &*reference_ : &module_);
    double count = 0;
    for (double one : counts) count += one;
    out.loss += count > 0 ? loss.item<double>() * count : 0;
    out.items += count;
  };
  try {
    // The same batches whatever the number of members, which take turns: the loss of a batch whose
    // rows are compared depends on all of them.
    std::vector<Row> rows;
    int64_t tokens = 0, batches = 0;
    auto flush = [&] {
      if (!rows.empty() && batches++ % members_->count() == members_->rank()) add(rows);
      rows.clear();
      tokens = 0;
    };
    for (int64_t i = 0; i < source.size(); ++i) {
      PANO_ASSIGN_OR_RETURN(Row row, source.Read(i));
      int64_t count = 0;
      for (const Sequence& s : row.sequences) count += static_cast<int64_t>(s.input_ids.size());
      const bool full = objective_.compares_rows() ? static_cast<int64_t>(rows.size()) == recipe_.batch.sequences
                                                   : tokens + count > kEvaluationTokensMax;
      if (full) flush();
      tokens += count;
      rows.push_back(std::move(row));
    }
    flush();
  } catch (const std::exception& e) {
    return Internal(StrCat("[train] evaluation after step ", step_, ": ", e.what()));
  }
  double numbers[] = {out.loss, out.items};
  PANO_RETURN_IF_ERROR(members_->SumNumbers(numbers, true));
  if (numbers[1] == 0) return InvalidArgument("data.validation has no labels to measure");
  out.items = numbers[1];
  out.loss = numbers[0] / numbers[1];
  out.best = std::isfinite(out.loss) && (best_.step < 0 || out.loss < best_.loss);
  if (out.best) {
    best_ = {step_, out.loss, 0};
  } else {
    ++best_.since;
  }
  return out;
}

TrainingState Trainer::State() const {
  TrainingState state = BorrowState();
  CopyTensors(state);
  return state;
}

TrainingState Trainer::BorrowState() const {
  at::NoGradGuard no_grad;
  TrainingState state;
  if (adapter_) {
    state.layout = TrainingState::Layout::kAdapter;
    for (const Trainable& t : trainables_) state.weights.emplace_back(t.name, t.value.detach());
    state.config = json::Parse(adapter::AdapterConfigText(adapter_->config())).value();
  } else {
    state.weights = AsStored(module_, [&](size_t i) { return module_.parameters()[i].value.detach(); });
    state.config = base_.spec.hf_config;
    state.config.Set(state.config.Find("dtype") ? "dtype" : "torch_dtype", "float32");
  }
  state.optimizer = optimizer_->State();
  json::Value& p = state.progress;
  p.Set("step", step_);
  p.Set("updates", updates_);
  p.Set("skipped_in_a_row", skipped_in_a_row_);
  p.Set("scale", scaler_.scale());
  p.Set("good_steps", scaler_.good_steps());
  p.Set("best_step", best_.step);
  p.Set("best_loss", best_.loss);
  p.Set("since_best", best_.since);
  return state;
}

Status Trainer::RestoreWeights(const NamedTensors& weights) {
  at::NoGradGuard no_grad;
  if (!adapter_) {
    return LoadStoredWeights(std::make_shared<MemoryWeights>(weights), module_);
  }
  const std::map<std::string, at::Tensor> by_name(weights.begin(), weights.end());
  for (Trainable& t : trainables_) {
    const auto found = by_name.find(t.name);
    if (found == by_name.end()) return Corruption(StrCat("tensor '", t.name, "' is missing"));
    if (found->second.sizes() != t.value.sizes()) return Corruption(StrCat("tensor '", t.name, "' has another shape"));
    t.value.copy_(found->second);
  }
  return {};
}

Status Trainer::Restore(TrainingState state) {
  const auto layout = adapter_ ? TrainingState::Layout::kAdapter : TrainingState::Layout::kModel;
  if (state.layout != layout) {
    return Corruption(adapter_ ? "is a state of whole weights, the recipe trains an adapter"
                               : "is a state of an adapter, the recipe trains whole weights");
  }
  auto whole = [&](const char* key) -> Result<int64_t> {
    const json::Value* value = state.progress.Find(key);
    if (!value || !value->is_int()) return Corruption(StrCat("progress has no whole number '", key, "'"));
    return value->as_int();
  };
  auto real = [&](const char* key) -> Result<double> {
    const json::Value* value = state.progress.Find(key);
    if (!value || !value->is_number()) return Corruption(StrCat("progress has no number '", key, "'"));
    return value->as_double();
  };
  PANO_ASSIGN_OR_RETURN(const int64_t step, whole("step"));
  PANO_ASSIGN_OR_RETURN(const int64_t updates, whole("updates"));
  PANO_ASSIGN_OR_RETURN(const int64_t skipped, whole("skipped_in_a_row"));
  PANO_ASSIGN_OR_RETURN(const double scale, real("scale"));
  PANO_ASSIGN_OR_RETURN(const int64_t good_steps, whole("good_steps"));
  Best best;
  PANO_ASSIGN_OR_RETURN(best.step, whole("best_step"));
  PANO_ASSIGN_OR_RETURN(best.loss, real("best_loss"));
  PANO_ASSIGN_OR_RETURN(best.since, whole("since_best"));
  if (step < 0 || updates < 0 || updates > step || good_steps < 0 || !(scale > 0)) {
    return Corruption("progress is out of range");
  }
  PANO_RETURN_IF_ERROR(RestoreWeights(state.weights));
  PANO_RETURN_IF_ERROR(optimizer_->Restore(std::move(state.optimizer)));
  step_ = step;
  updates_ = updates;
  skipped_in_a_row_ = skipped;
  scaler_.Restore(scale, good_steps);
  best_ = best;
  return {};
}

NamedTensors Trainer::Gradients() const {
  if (!adapter_) return AsStored(module_, [&](size_t i) { return last_gradients_[i]; });
  NamedTensors out;
  for (size_t i = 0; i < trainables_.size(); ++i) {
    if (last_gradients_[i].defined()) out.emplace_back(trainables_[i].name, last_gradients_[i]);
  }
  return out;
}

}  // namespace pano::train
