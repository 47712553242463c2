#include "model/train/process_members.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/random.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/train/parallel/in_process_members.h"
#include "model/train/session.h"
#include "model/train/torch_threads.h"

namespace pano::train {
namespace {

// Texts that count upwards from a random number, of several lengths; of the columns of a row each
// begins one further. Immutable, so thread-safe.
class CountingRows final : public RowSource {
 public:
  explicit CountingRows(size_t columns) : columns_(columns) {}
  int64_t size() const override { return 32; }
  Result<Row> Read(int64_t index) const override {
    Random random(static_cast<uint64_t>(index) + 1);
    Row row;
    row.sequences.resize(columns_);
    auto first = static_cast<int32_t>(random.Below(26));
    const auto length = static_cast<int32_t>(6 + random.Below(5));
    for (Sequence& sequence : row.sequences) {
      for (int32_t k = 0; k < length; ++k) sequence.input_ids.push_back(first + k);
      ++first;
    }
    return row;
  }
  std::string Version() const override { return "counting"; }

 private:
  const size_t columns_;
};

constexpr char kRecipe[] =
    "task: causal_lm\n"
    "model: {config: {model_type: llama, vocab_size: 40, hidden_size: 16, num_hidden_layers: 2, "
    "num_attention_heads: 4, num_key_value_heads: 2, intermediate_size: 24, "
    "max_position_embeddings: 32, tie_word_embeddings: true}, init: random}\n"
    "data: {train: x, validation: y, format: tokens}\n"
    "batch: {sequences: 8, accumulate: 2}\nseed: 4\n"
    "schedule: {name: cosine, warmup_steps: 2}\n"
    "checkpoint: {every: 3, keep: 9}\nevaluate: {every: 4}\n";

// The last step has 6 + 2 rows: of four members two have none of the last micro-batch.
constexpr char kPairs[] =
    "task: embedding\n"
    "model: {config: {model_type: bert, architectures: [BertModel], vocab_size: 40, hidden_size: 16, num_hidden_layers: 2, "
    "num_attention_heads: 4, intermediate_size: 24, max_position_embeddings: 32}, init: random}\n"
    "data: {train: x, validation: y, format: tokens}\n"
    "batch: {sequences: 6, accumulate: 2}\nepochs: 1\nseed: 4\n"
    "checkpoint: {every: 3, keep: 9}\nevaluate: {every: 2}\n";

class ProcessMembersTest : public testing::Test {
 protected:
  ProcessMembersTest() : folder_(StrCat(testing::TempDir(), "members-", RandomHex(4))) {
    SetTorchThreads(1);
    std::filesystem::create_directories(folder_);
  }
  ~ProcessMembersTest() override { std::filesystem::remove_all(folder_); }

  struct Options {
    bool deterministic = true;
    bool resume = false;
    int64_t steps = 6;
    std::string optimizer = {};  // keys of it
    bool pairs = false;          // the second recipe
  };

  // A run of `members` processes, here threads; the statuses that they end with.
  std::vector<Status> Train(const std::string& name, int members, const Options& options) {
    std::vector<Status> ends(static_cast<size_t>(members));
    const std::string out = folder_ + "/" + name;
    std::filesystem::create_directories(out);
    RunMembers(members, [&](collective::Communicator& group) {
      ProcessMembers own(&group);
      SessionOptions session;
      session.folder = out;
      session.resume = options.resume;
      session.deterministic = options.deterministic;
      if (members > 1) session.members = &own;
      ends[static_cast<size_t>(group.rank())] = [&]() -> Status {
        const std::string text =
            StrCat(options.pairs ? std::string(kPairs) : StrCat(kRecipe, "steps: ", options.steps, "\n"),
                   // Random numbers are a row's where the order is fixed.
                   options.deterministic ? "dropout: 0.1\n" : "", "optimizer: {", options.optimizer, "lr: 0.01, weight_decay: 0.1}\n");
        PANO_ASSIGN_OR_RETURN(const Recipe recipe, ParseRecipe(text, "r.yaml"));
        PANO_ASSIGN_OR_RETURN(BaseModel base, OpenBaseModel(recipe));
        Trainer::Data data;
        data.train = std::make_unique<CountingRows>(options.pairs ? 2 : 1);
        data.validation = std::make_unique<CountingRows>(options.pairs ? 2 : 1);
        return RunSession(recipe, std::move(base), std::move(data), session).status();
      }();
      if (!ends[static_cast<size_t>(group.rank())].ok()) {
        group.Abort(ends[static_cast<size_t>(group.rank())]);
      }
    });
    return ends;
  }
  void TrainWell(const std::string& name, int members, const Options& options) {
    for (const Status& end : Train(name, members, options)) EXPECT_TRUE(end.ok()) << end.ToString();
  }

  std::shared_ptr<const format::Weights> Tensors(const std::string& path) {
    auto weights = format::OpenSafetensors({folder_ + "/" + path});
    EXPECT_TRUE(weights.ok()) << weights.error().ToString();
    return *weights;
  }
  void ExpectSameBits(const std::string& a, const std::string& b) {
    const auto one = Tensors(a), two = Tensors(b);
    ASSERT_EQ(one->Names(), two->Names());
    EXPECT_FALSE(one->Names().empty());
    for (const std::string& name : one->Names()) {
      const tensor::TensorView *x = one->Find(name), *y = two->Find(name);
      ASSERT_EQ(x->bytes, y->bytes) << name;
      EXPECT_EQ(std::memcmp(x->data, y->data, x->bytes), 0) << name;
    }
  }

  // Between the weights of two runs of three steps, as a share of what such steps move at most.
  double Distance(const std::string& one, const std::string& two) {
    const auto a = Tensors(one + "/model/model.safetensors"), b = Tensors(two + "/model/model.safetensors");
    double difference = 0, size = 0;
    for (const std::string& name : a->Names()) {
      // A key's bias drops out of the softmax: its gradient is rounding, and Adam makes that a step.
      if (name.ends_with("key.bias")) continue;
      const tensor::TensorView *x = a->Find(name), *y = b->Find(name);
      for (size_t i = 0; i < x->bytes / sizeof(float); ++i) {
        const double d = static_cast<double>(x->as<float>()[i]) - y->as<float>()[i];
        difference += d * d;
        size += 0.01 * 0.01;
      }
    }
    EXPECT_GT(size, 0);
    return std::sqrt(difference / size);
  }

  std::string folder_;
};

TEST_F(ProcessMembersTest, TwoAndFourComeToTheBitsOfOne) {
  TrainWell("one", 1, {});
  for (int members : {2, 4}) {
    const std::string name = StrCat("of", members);
    TrainWell(name, members, {});
    ExpectSameBits("one/model/model.safetensors", name + "/model/model.safetensors");
    // Weights and moments of every checkpoint: what ZeRO-1 shared out is all there.
    for (const char* file : {"model.safetensors", "optimizer.safetensors"}) {
      ExpectSameBits(StrCat("one/checkpoints/step-3/", file),
                     StrCat(name, "/checkpoints/step-3/", file));
    }
  }
}

TEST_F(ProcessMembersTest, AnotherNumberOfMembersGoesOn) {
  TrainWell("whole", 1, {});
  // Two begin, four go on, one ends it.
  TrainWell("parts", 2, {});
  std::filesystem::remove_all(folder_ + "/parts/checkpoints/step-6");
  std::filesystem::remove_all(folder_ + "/parts/checkpoints/step-4");
  std::filesystem::remove_all(folder_ + "/parts/model");
  TrainWell("parts", 4, {.resume = true});
  ExpectSameBits("whole/model/model.safetensors", "parts/model/model.safetensors");
  ExpectSameBits("whole/checkpoints/step-6/optimizer.safetensors",
                 "parts/checkpoints/step-6/optimizer.safetensors");
  std::filesystem::remove_all(folder_ + "/parts/checkpoints/step-6");
  TrainWell("parts", 1, {.resume = true});
  ExpectSameBits("whole/checkpoints/step-6/optimizer.safetensors",
                 "parts/checkpoints/step-6/optimizer.safetensors");
}

// Their loss lies between the rows of all members, and the last rows are fewer than there are members.
TEST_F(ProcessMembersTest, PairsThatAreComparedAreLearntAlike) {
  TrainWell("one", 1, {.pairs = true});
  for (int members : {2, 4}) {
    const std::string name = StrCat("of", members);
    TrainWell(name, members, {.pairs = true});
    ExpectSameBits("one/checkpoints/step-3/model.safetensors", name + "/checkpoints/step-3/model.safetensors");
    ExpectSameBits("one/model/model.safetensors", name + "/model/model.safetensors");
  }
  TrainWell("any", 1, {.deterministic = false, .pairs = true});
  for (int members : {2, 3, 4}) {
    const std::string name = StrCat("any", members);
    TrainWell(name, members, {.deterministic = false, .pairs = true});
    EXPECT_LT(Distance("any", name), 1e-3) << members;
  }
}

// Buckets that are summed while the backward pass goes on round otherwise, and no more than that.
TEST_F(ProcessMembersTest, WithoutAFixedOrderTheUpdateIsTheSameWithinRounding) {
  TrainWell("one", 1, {.deterministic = false, .steps = 3});
  TrainWell("three", 3, {.deterministic = false, .steps = 3});
  EXPECT_LT(Distance("one", "three"), 1e-3);
}

TEST_F(ProcessMembersTest, EightBitMomentsAreSharedOutToo) {
  TrainWell("one", 1, {.steps = 4, .optimizer = "name: adamw_8bit, "});
  TrainWell("two", 2, {.steps = 4, .optimizer = "name: adamw_8bit, "});
  ExpectSameBits("one/checkpoints/step-3/optimizer.safetensors",
                 "two/checkpoints/step-3/optimizer.safetensors");
}

TEST_F(ProcessMembersTest, GathersRowsOfSeveralLengths) {
  RunMembers(3, [](collective::Communicator& group) {
    ProcessMembers members(&group);
    const at::Tensor own = at::full({group.rank(), 2}, group.rank(), at::kFloat);
    const auto all = members.Gather(own);
    ASSERT_TRUE(all.ok()) << all.error().ToString();
    EXPECT_TRUE(at::equal(*all, at::cat({at::full({1, 2}, 1, at::kFloat),
                                         at::full({2, 2}, 2, at::kFloat)})));
  });
}

// A parameter that no member has a gradient for stays without one; one that some have is a sum.
TEST_F(ProcessMembersTest, GradientsThatSomeMembersLackAreZerosThere) {
  for (bool fixed : {false, true}) {
    RunMembers(2, [fixed](collective::Communicator& group) {
      ProcessMembers members(&group);
      std::vector<at::Tensor> leaves;
      for (int i = 0; i < 3; ++i) leaves.push_back(at::ones({4}).requires_grad_(true));
      if (!fixed) members.BeginBackward(leaves);
      // Member 0: leaves 0 and 1; member 1: leaf 0 alone.
      at::Tensor loss = leaves[0].sum() * (group.rank() + 1);
      if (group.rank() == 0) loss = loss + leaves[1].sum() * 5;
      loss.backward();
      ASSERT_TRUE(members.SumGradients(leaves, fixed).ok());
      EXPECT_TRUE(at::equal(leaves[0].grad(), at::full({4}, 3.0)));
      EXPECT_TRUE(at::equal(leaves[1].grad(), at::full({4}, 5.0)));
      EXPECT_FALSE(leaves[2].grad().defined());
      double numbers[] = {static_cast<double>(group.rank()), 1.5};
      ASSERT_TRUE(members.SumNumbers(numbers, fixed).ok());
      EXPECT_EQ(numbers[0], 1);
      EXPECT_EQ(numbers[1], 3);
    });
  }
}

TEST_F(ProcessMembersTest, AGroupThatFailsEndsEveryMembersRun) {
  RunMembers(2, [](collective::Communicator& group) {
    ProcessMembers members(&group);
    std::vector<at::Tensor> leaves = {at::ones({4}).requires_grad_(true)};
    members.BeginBackward(leaves);
    leaves[0].sum().backward();
    group.Abort(InvalidArgument("over"));
    EXPECT_FALSE(members.SumGradients(leaves, false).ok());
    EXPECT_FALSE(members.Share(leaves).ok());
    EXPECT_FALSE(members.Gather(leaves[0].detach()).ok());
    NamedTensors state;
    EXPECT_FALSE(members.CollectOptimizer(state, {"w"}).ok());
  });
}

}  // namespace
}  // namespace pano::train
