// Known answers of PEFT's merge (see the golden set's own description): exactly the tensors that it
// changes, rounded once; and the logits and texts of the merged folders through the engine's model.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <set>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/threads.h"
#include "model/adapter/merge/merge.h"
#include "model/adapter/testing/known_adapters.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/encoder/testing/golden_batch.h"
#include "model/nn/load.h"
#include "model/nn/sequence_runner.h"
#include "model/tensor/blocks.h"

namespace pano::adapter {
namespace {

using tensor::TensorView;

std::vector<float> Values(const TensorView& view) {
  std::vector<float> out(static_cast<size_t>(view.elements()));
  tensor::DecoderOf(view.dtype)(view.data, out.size(), out.data());
  return out;
}

double Relative(const std::vector<float>& got, const std::vector<float>& want) {
  double worst = 0, largest = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::abs(got[i] - want[i])));
    largest = std::max(largest, static_cast<double>(std::abs(want[i])));
  }
  return worst / largest;
}

// The spacing of a type's values at the size of `value`.
double Ulp(tensor::DType dtype, double value) {
  const int bits = dtype == tensor::DType::kF16 ? 10 : dtype == tensor::DType::kBF16 ? 7 : 23;
  return std::ldexp(1.0, std::ilogb(std::max(std::abs(value), 1e-30)) - bits);
}

struct Row {
  std::string name;
  size_t tensors = 0, values = 0, exact = 0;
  double logits = 0;
  size_t greedy = 0;
};

class GoldenMerge : public ::testing::Test {
 protected:
  void SetUp() override {
    work_ = StrCat(::testing::TempDir(), "golden_merge.", getpid());
    ASSERT_TRUE(Env::Real().RemoveTree(work_).ok());
    ASSERT_TRUE(Env::Real().MakeFolder(work_).ok());
  }
  void TearDown() override { (void)Env::Real().RemoveTree(work_); }

  // The merged tensors are those that are expected, all others the base's bytes.
  static void CompareTensors(const format::Weights& merged, const format::Weights& base,
                             const format::Weights& expected, Row& row) {
    std::set<std::string> names;
    for (const std::string& name : expected.Names()) names.insert(name);
    for (const std::string& name : base.Names()) {
      const TensorView* got = merged.Find(name);
      ASSERT_TRUE(got) << name;
      if (names.contains(name)) continue;
      const TensorView& same = *base.Find(name);
      ASSERT_EQ(got->shape, same.shape);
      ASSERT_EQ(std::memcmp(got->data, same.data, same.bytes), 0) << name << " was changed";
    }
    for (const std::string& name : names) {
      const TensorView* got = merged.Find(name);
      const TensorView& want = *expected.Find(name);
      ASSERT_TRUE(got) << name;
      ASSERT_EQ(got->dtype, want.dtype) << name;
      ASSERT_EQ(got->shape, want.shape) << name;
      const std::vector<float> a = Values(*got), b = Values(want);
      for (size_t i = 0; i < a.size(); ++i) {
        const double allowed = want.dtype == tensor::DType::kF32
                                   ? 1e-6 * std::max(1e-2, static_cast<double>(std::abs(b[i])))
                                   : Ulp(want.dtype, b[i]);
        ASSERT_LE(std::abs(a[i] - b[i]), allowed) << name << " " << i;
        row.exact += a[i] == b[i] ? 1 : 0;
      }
      row.values += a.size();
      ++row.tensors;
    }
  }

  static void CompareDecoder(const format::ModelFiles& files, const format::Weights& expected,
                             bool greedy, Row& row) {
    ComputePool pool(2);
    nn::LoadOptions options;
    options.compute = nn::Compute::kF32;
    auto model = nn::LoadModel(files, options, pool);
    ASSERT_TRUE(model.ok()) << model.error().ToString();
    const TensorView& ids = *expected.Find("input_ids");
    std::vector<float> got;
    for (int64_t i = 0; i < ids.shape[0]; ++i) {
      const auto tokens = encoder::testing::CastTo<nn::TokenId>(encoder::testing::RowOf(ids, i));
      auto runner = nn::SequenceRunner::Create(**model, ids.shape[1]);
      ASSERT_TRUE(runner.ok());
      const Status fed = runner->Feed(tokens, 0, [&](size_t, std::span<const float> logits) {
        got.insert(got.end(), logits.begin(), logits.end());
      });
      ASSERT_TRUE(fed.ok()) << fed.ToString();
    }
    row.logits = Relative(got, Values(*expected.Find("logits_merged")));
    if (greedy) CompareTexts(**model, ids, *expected.Find("greedy"), row);
  }

  // From the first twelve ids of each row.
  static void CompareTexts(nn::Model& model, const TensorView& ids, const TensorView& greedy,
                           Row& row) {
    for (int64_t i = 0; i < ids.shape[0]; ++i) {
      auto next = encoder::testing::CastTo<nn::TokenId>(encoder::testing::RowOf(ids, i));
      next.resize(12);
      const int64_t count = greedy.shape.back();
      auto runner = nn::SequenceRunner::Create(model, 12 + count);
      ASSERT_TRUE(runner.ok());
      for (int64_t want : encoder::testing::RowOf(greedy, i)) {
        int64_t best = -1;
        const Status fed = runner->Feed(next, next.size() - 1, [&](size_t, std::span<const float> l) {
          best = std::max_element(l.begin(), l.end()) - l.begin();
        });
        ASSERT_TRUE(fed.ok());
        ASSERT_EQ(best, want);
        next = {static_cast<nn::TokenId>(best)};
        ++row.greedy;
      }
    }
  }

  static void CompareEncoder(const format::ModelFiles& files, const format::Weights& expected,
                             Row& row) {
    ComputePool pool(2);
    nn::LoadOptions options;
    options.compute = nn::Compute::kF32;
    auto model = encoder::LoadEncoder(files, options, pool);
    ASSERT_TRUE(model.ok()) << model.error().ToString();
    const encoder::EncoderBatch batch = encoder::testing::ReadBatch(expected, nullptr);
    auto outputs = (*model)->Encode(batch);
    ASSERT_TRUE(outputs.ok()) << outputs.error().ToString();
    for (const encoder::Output& output : *outputs) {
      if (output.name != "logits") continue;
      std::vector<float> got;
      for (const auto& values : output.rows) got.insert(got.end(), values.begin(), values.end());
      row.logits = Relative(got, Values(*expected.Find("logits_merged")));
      return;
    }
    FAIL() << "no logits";
  }

  void Check(const testing::KnownAdapter& known, KnownAnswers& answers, Row& row) {
    row.name = known.name;
    const std::string out = JoinPath(work_, known.name);
    ComputePool pool(2);
    const auto report = Merge({.model = known.base_path, .adapter = known.path, .out = out}, pool);
    ASSERT_TRUE(report.ok()) << report.error().ToString();

    auto files = format::OpenModel(out);
    ASSERT_TRUE(files.ok()) << files.error().ToString();
    const auto before = format::OpenModel(known.base_path);
    const auto merged = format::OpenSafetensors({JoinPath(known.path, "merged.safetensors")});
    const auto expected = format::OpenSafetensors({JoinPath(known.path, "expected.safetensors")});
    ASSERT_TRUE(before.ok() && merged.ok() && expected.ok());
    CompareTensors(*files->weights, *before->weights, **merged, row);
    const bool f32 = known.expected.Find("base_dtype")->as_string() == "float32";
    if (encoder::IsEncoder(*files)) {
      CompareEncoder(*files, **expected, row);
    } else {
      CompareDecoder(*files, **expected, f32, row);
    }
    EXPECT_LT(row.logits, 2e-5);
    // Float64 rounded as torch does: not one bit is left to chance in 16-bit files.
    EXPECT_TRUE(f32 || row.exact == row.values) << row.values - row.exact << " differ";
    answers.Compared(row.values);
  }

  std::string work_;
};

TEST_F(GoldenMerge, TensorsLogitsAndTexts) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training");
  std::printf("%-26s %8s %8s %9s %10s %7s\n", "adapter", "tensors", "values", "exact", "logits",
              "greedy");
  testing::ForEachKnownAdapter(answers, {"lora"}, [&](const testing::KnownAdapter& known) {
    Row row;
    Check(known, answers, row);
    std::printf("%-26s %8zu %8zu %8.3f%% %10.2g %7zu\n", row.name.c_str(), row.tensors, row.values,
                100.0 * static_cast<double>(row.exact) /
                    std::max(1.0, static_cast<double>(row.values)),
                row.logits, row.greedy);
  });
}

}  // namespace
}  // namespace pano::adapter
