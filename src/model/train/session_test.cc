#include "model/train/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <thread>

#include "base/random.h"
#include "base/strings.h"
#include "model/adapter/adapter.h"
#include "model/format/weights.h"
#include "model/train/model_folder.h"
#include "model/train/ops/torch_ops.h"
#include "model/train/torch_threads.h"

namespace pano::train {
namespace {

using ::testing::HasSubstr;

class Rows final : public RowSource {
 public:
  std::vector<Row> rows;
  int64_t size() const override { return static_cast<int64_t>(rows.size()); }
  Result<Row> Read(int64_t index) const override { return rows[static_cast<size_t>(index)]; }
  std::string Version() const override { return "rows"; }
};

// A disk that takes 4 KiB at a time, slower than steps are made. Thread-safe.
class SlowDisk final : public Env {
 public:
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    PANO_ASSIGN_OR_RETURN(auto file, real_.Open(path, mode));
    return std::unique_ptr<File>(std::make_unique<SlowFile>(std::move(file)));
  }
  Status Rename(const std::string& from, const std::string& to) override { return real_.Rename(from, to); }
  Status Exchange(const std::string& a, const std::string& b) override { return real_.Exchange(a, b); }
  Status Remove(const std::string& path) override { return real_.Remove(path); }
  Status RemoveTree(const std::string& path) override { return real_.RemoveTree(path); }
  Status MakeFolder(const std::string& path) override { return real_.MakeFolder(path); }
  Status SyncFolder(const std::string& path) override { return real_.SyncFolder(path); }
  Result<FileInfo> Stat(const std::string& path) const override { return real_.Stat(path); }
  Result<std::vector<std::string>> List(const std::string& path) const override { return real_.List(path); }
  Result<uint64_t> SpaceLeft(const std::string& path) const override { return real_.SpaceLeft(path); }
  std::string Variable(const std::string& name) const override { return real_.Variable(name); }

 private:
  class SlowFile final : public File {
   public:
    explicit SlowFile(std::unique_ptr<File> file) : file_(std::move(file)) {}
    Result<size_t> ReadSome(std::span<std::byte> buffer) override { return file_->ReadSome(buffer); }
    Result<size_t> WriteSome(std::span<const std::byte> bytes) override {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      return file_->WriteSome(bytes.first(std::min<size_t>(bytes.size(), 4096)));
    }
    Status Sync() override { return file_->Sync(); }
    Status Close() override { return file_->Close(); }

   private:
    const std::unique_ptr<File> file_;
  };
  Env& real_ = Env::Real();
};

class Events final : public EventSink {
 public:
  Status Write(const Event& event) override {
    if (const auto* step = std::get_if<StepEvent>(&event)) steps.push_back(*step);
    if (const auto* eval = std::get_if<EvalEvent>(&event)) evaluations.push_back(*eval);
    if (const auto* done = std::get_if<DoneEvent>(&event)) ends.push_back(*done);
    if (const auto* note = std::get_if<NoteEvent>(&event)) notes.push_back(note->text);
    return {};
  }
  std::vector<StepEvent> steps;
  std::vector<EvalEvent> evaluations;
  std::vector<DoneEvent> ends;
  std::vector<std::string> notes;
};

constexpr char kConfig[] =
    "{model_type: llama, vocab_size: 40, hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2, "
    "intermediate_size: 24, max_position_embeddings: 32, tie_word_embeddings: true}";

class SessionTest : public testing::Test {
 protected:
  SessionTest() : folder_(StrCat(testing::TempDir(), "session-", RandomHex(4))) {
    SetTorchThreads(1);
    std::filesystem::create_directories(folder_);
  }
  ~SessionTest() override { std::filesystem::remove_all(folder_); }

  // Texts that count upwards from a random number.
  static std::unique_ptr<RowSource> Counting(int count, uint64_t seed) {
    auto source = std::make_unique<Rows>();
    Random random(seed);
    for (int i = 0; i < count; ++i) {
      Row row;
      row.sequences.resize(1);
      const auto first = static_cast<int32_t>(random.Below(28));
      for (int32_t k = 0; k < 10; ++k) row.sequences[0].input_ids.push_back(first + k);
      source->rows.push_back(std::move(row));
    }
    return source;
  }

  std::string RecipeText(const std::string& model, const std::string& more) const {
    return StrCat("task: causal_lm\nmodel: ", model, "\ndata: {train: x, validation: y, format: tokens}\nbatch: {sequences: 4, accumulate: 2}\n",
                  "seed: 4\noptimizer: {lr: 0.01, weight_decay: 0.1}\nschedule: {name: cosine, warmup_steps: 2}\n", more);
  }
  static std::string Drawn() { return StrCat("{config: ", kConfig, ", init: random}"); }

  Result<SessionEnd> Run(const std::string& text, const std::string& out, bool resume = false, int64_t stop_after = 0,
                         bool validation = true, bool deterministic = false) {
    PANO_ASSIGN_OR_RETURN(const Recipe recipe, ParseRecipe(text, "r.yaml"));
    PANO_ASSIGN_OR_RETURN(BaseModel base, OpenBaseModel(recipe));
    Trainer::Data data;
    data.train = Counting(30, 1);
    if (validation) data.validation = Counting(6, 2);
    std::filesystem::create_directories(out);
    SessionOptions options;
    options.folder = out;
    options.resume = resume;
    options.events = &events_;
    options.deterministic = deterministic;
    options.state_copy_bytes_max = copy_bytes_max_;
    if (slow_) options.env = &slow_disk_;
    const size_t before = events_.steps.size();
    options.stop = [this, before, stop_after] { return stop_after > 0 && static_cast<int64_t>(events_.steps.size() - before) >= stop_after; };
    return RunSession(recipe, std::move(base), std::move(data), options);
  }

  // Whether two folders hold the same tensors.
  static void ExpectSameWeights(const std::string& a, const std::string& b) {
    const auto one = format::OpenSafetensors({a}).value(), two = format::OpenSafetensors({b}).value();
    ASSERT_EQ(one->Names(), two->Names());
    for (const std::string& name : one->Names()) {
      const tensor::TensorView* x = one->Find(name);
      const tensor::TensorView* y = two->Find(name);
      ASSERT_EQ(x->bytes, y->bytes) << name;
      EXPECT_EQ(std::memcmp(x->data, y->data, x->bytes), 0) << name;
    }
  }

  std::string folder_;
  Events events_;
  uint64_t copy_bytes_max_ = uint64_t{64} << 20;
  bool slow_ = false;
  SlowDisk slow_disk_;
};

TEST_F(SessionTest, LearnsAndWritesAModel) {
  const auto end = Run(RecipeText(Drawn(), "steps: 40\nevaluate: {every: 10}\n"), folder_ + "/a");
  ASSERT_TRUE(end.ok()) << end.error().ToString();
  EXPECT_EQ(end->reason, "steps");
  ASSERT_EQ(events_.steps.size(), 40u);
  EXPECT_EQ(events_.steps[0].lr, 0);
  EXPECT_EQ(events_.steps[0].items, 8 * 9);
  EXPECT_EQ(events_.steps[0].tokens, 8 * 10);
  EXPECT_LT(events_.steps.back().loss, 0.6 * events_.steps.front().loss);
  ASSERT_EQ(events_.evaluations.size(), 4u);
  EXPECT_LT(events_.evaluations.back().loss, events_.evaluations.front().loss);
  const auto model = ReadModelFolder(end->output);
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_EQ(model->spec().config.tied_embeddings, true);
}

TEST_F(SessionTest, GoesOnToTheSameBits) {
  const std::pair<std::string, std::string> kinds[] = {{"f32", "dropout: 0.1\n"},
                                                       {"fp16", "precision: fp16\n"},
                                                       {"8bit", "optimizer: {name: adamw_8bit, lr: 0.01}\n"}};
  for (const auto& [name, more] : kinds) {
    std::string text = RecipeText(Drawn(), StrCat("steps: 9\n", more));
    if (name == "8bit") text.erase(text.find("optimizer: {lr: 0.01"), std::string("optimizer: {lr: 0.01, weight_decay: 0.1}\n").size());
    events_.steps.clear();
    auto straight = Run(text, folder_ + "/a" + name);
    ASSERT_TRUE(straight.ok()) << straight.error().ToString();
    const std::vector<StepEvent> all = events_.steps;
    events_.steps.clear();
    auto first = Run(text, folder_ + "/b" + name, false, 4);
    ASSERT_TRUE(first.ok()) << first.error().ToString();
    EXPECT_EQ(first->reason, "terminated");
    EXPECT_FALSE(IsDirectory(folder_ + "/b" + name + "/model"));
    auto second = Run(text, folder_ + "/b" + name, true);
    ASSERT_TRUE(second.ok()) << second.error().ToString();
    ASSERT_EQ(events_.steps.size(), all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(events_.steps[i].loss, all[i].loss) << name << " step " << i + 1;
      EXPECT_EQ(events_.steps[i].grad_norm, all[i].grad_norm) << name << " step " << i + 1;
    }
    ExpectSameWeights(straight->output + "/model.safetensors", second->output + "/model.safetensors");
  }
}

// A large state is written from where it lies: no step may change it meanwhile, however slow the disk.
TEST_F(SessionTest, CheckpointsOfStatesThatAreNotCopiedAreThoseOfTheirStep) {
  slow_ = true;
  for (const char* optimizer : {"", "precision: fp16\n"}) {
    const std::string text = RecipeText(Drawn(), StrCat("steps: 5\ncheckpoint: {every: 1, keep: 9}\n", optimizer));
    const std::string copied = StrCat(folder_, "/", RandomHex(4)), borrowed = StrCat(folder_, "/", RandomHex(4));
    copy_bytes_max_ = uint64_t{64} << 20;
    ASSERT_TRUE(Run(text, copied).ok());
    copy_bytes_max_ = 0;
    ASSERT_TRUE(Run(text, borrowed).ok());
    for (int step = 1; step <= 5; ++step) {
      for (const char* file : {"model", "optimizer"}) {
        const std::string path = StrCat("/checkpoints/step-", step, "/", file, ".safetensors");
        ExpectSameWeights(copied + path, borrowed + path);
      }
    }
    ExpectSameWeights(copied + "/model/model.safetensors", borrowed + "/model/model.safetensors");
  }
}

TEST_F(SessionTest, ResumeNeedsToBeAskedFor) {
  const std::string text = RecipeText(Drawn(), "steps: 3\n");
  ASSERT_TRUE(Run(text, folder_ + "/a", true, 1).ok());  // nothing there yet: it begins
  const auto again = Run(text, folder_ + "/a");
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.error().ToString(), HasSubstr("--resume"));
}

TEST_F(SessionTest, KeepsTheBestAndEndsEarly) {
  // A rate of 0: the first measurement is the best, then two that are no better.
  std::string text = RecipeText(Drawn(), "steps: 50\nevaluate: {every: 5, patience: 2}\n");
  text.replace(text.find("lr: 0.01"), 8, "lr: 0.0");
  const auto end = Run(text, folder_ + "/a");
  ASSERT_TRUE(end.ok()) << end.error().ToString();
  EXPECT_EQ(end->reason, "patience");
  EXPECT_EQ(end->step, 15);
  EXPECT_EQ(events_.ends.back().best_step, 5);
  // A rate that ruins it later: the weights of the best step are written.
  events_ = {};
  text = RecipeText(Drawn(), "steps: 30\nevaluate: {every: 10}\n");
  text.replace(text.find("name: cosine"), 12, "name: constant");
  text.replace(text.find("lr: 0.01"), 8, "lr: 0.6");
  const auto wild = Run(text, folder_ + "/b");
  ASSERT_TRUE(wild.ok()) << wild.error().ToString();
  const int64_t best = events_.ends.back().best_step;
  ExpectSameWeights(StrCat(folder_, "/b/checkpoints/step-", best, "/model.safetensors"), wild->output + "/model.safetensors");
}

TEST_F(SessionTest, ALossThatIsNoNumberEndsTheRun) {
  std::string text = RecipeText(Drawn(), "steps: 50\ncheckpoint: {every: 1}\n");
  text.replace(text.find("name: cosine"), 12, "name: constant");
  text.replace(text.find("lr: 0.01"), 8, "lr: 1000");
  text.replace(text.find("weight_decay: 0.1"), 17, "weight_decay: 1000");
  const auto end = Run(text, folder_ + "/a");
  ASSERT_FALSE(end.ok());
  EXPECT_THAT(end.error().ToString(), HasSubstr("step "));
  EXPECT_THAT(end.error().ToString(), HasSubstr("is no number, "));
  EXPECT_FALSE(IsDirectory(folder_ + "/a/model"));
  EXPECT_TRUE(IsDirectory(StrCat(folder_, "/a/checkpoints/step-", events_.steps.size())));
}

TEST_F(SessionTest, RowByRowGivesTheSameToRounding) {
  const std::string text = RecipeText(Drawn(), "steps: 4\n");
  ASSERT_TRUE(Run(text, folder_ + "/a").ok());
  ASSERT_TRUE(Run(text, folder_ + "/b", false, 0, true, true).ok());
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(events_.steps[i].loss, events_.steps[4 + i].loss, 1e-4);
    EXPECT_NEAR(events_.steps[i].grad_norm, events_.steps[4 + i].grad_norm, 1e-3);
  }
}

TEST_F(SessionTest, TypesOfTheBaseAreKept) {
  ASSERT_TRUE(Run(RecipeText(Drawn(), "steps: 2\n"), folder_ + "/a").ok());
  auto base = ReadModelFolder(folder_ + "/a/model");
  ASSERT_TRUE(base.ok());
  std::filesystem::create_directories(folder_ + "/half");
  ASSERT_TRUE(WriteWeights(folder_ + "/half", *base, "bfloat16").ok());
  ASSERT_TRUE(WriteFile(folder_ + "/half/tokenizer.json", "{}").ok());
  const auto end = Run(RecipeText(folder_ + "/half", "steps: 2\n"), folder_ + "/b");
  ASSERT_TRUE(end.ok()) << end.error().ToString();
  const auto files = format::OpenModel(end->output);
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(files->weights->Find("model.norm.weight")->dtype, tensor::DType::kBF16);
  EXPECT_TRUE(FileExists(end->output + "/tokenizer.json"));
  const auto checkpoint = format::OpenSafetensors({folder_ + "/b/checkpoints/step-2/model.safetensors"}).value();
  EXPECT_EQ(checkpoint->Find("model.norm.weight")->dtype, tensor::DType::kF32);
}

TEST_F(SessionTest, AdaptersOverAFrozenBase) {
  ASSERT_TRUE(Run(RecipeText(Drawn(), "steps: 20\n"), folder_ + "/a").ok());
  auto base = ReadModelFolder(folder_ + "/a/model");
  ASSERT_TRUE(base.ok());
  std::filesystem::create_directories(folder_ + "/half");
  ASSERT_TRUE(WriteWeights(folder_ + "/half", *base, "float16").ok());
  for (const char* adapter : {"adapter: {r: 4, alpha: 8}\n", "adapter: {r: 2, targets: [q_proj, down_proj], dropout: 0.1, rslora: true}\n",
                              "adapter: {r: 2, dora: true, targets: '.*(k|v|gate)_proj'}\n"}) {
    const std::string out = StrCat(folder_, "/", RandomHex(4));
    events_ = {};
    const std::string text = RecipeText(folder_ + "/half", StrCat("steps: 12\n", adapter));
    auto straight = Run(text, out);
    ASSERT_TRUE(straight.ok()) << straight.error().ToString();
    EXPECT_LT(events_.steps.back().loss, events_.steps[1].loss) << adapter;
    const auto files = format::OpenModel(folder_ + "/half");
    const auto read = adapter::LoadAdapter(straight->output, adapter::BaseModules::Of(*files).value());
    ASSERT_TRUE(read.ok()) << read.error().ToString();
    EXPECT_GT((*read)->changes().size(), 3u);
    // It goes on to the same bits, and as the start of another run.
    ASSERT_TRUE(Run(text, out + "b", false, 5).ok());
    const auto resumed = Run(text, out + "b", true);
    ASSERT_TRUE(resumed.ok()) << resumed.error().ToString();
    ExpectSameWeights(straight->output + "/adapter_model.safetensors", resumed->output + "/adapter_model.safetensors");
    events_ = {};
    const auto on = Run(RecipeText(folder_ + "/half", StrCat("steps: 2\nadapter: {from: ", straight->output, "}\n")), out + "c");
    ASSERT_TRUE(on.ok()) << on.error().ToString();
  }
}

TEST_F(SessionTest, RefusalsNameTheKey) {
  const std::pair<std::string, const char*> rows[] = {
      {RecipeText(folder_ + "/none", "steps: 2\n"), "r.yaml:2: model: "},
      {RecipeText("{config: {model_type: mamba}, init: random}", "steps: 2\n"), "mamba"},
      {RecipeText("{config: {hidden_size: 3}, init: random}", "steps: 2\n"), "'model_type' is missing"},
  };
  for (const auto& [text, words] : rows) {
    const auto end = Run(text, folder_ + "/a");
    ASSERT_FALSE(end.ok()) << text;
    EXPECT_THAT(end.error().ToString(), HasSubstr(words));
    EXPECT_FALSE(IsDirectory(folder_ + "/a/model"));
  }
}

}  // namespace
}  // namespace pano::train
