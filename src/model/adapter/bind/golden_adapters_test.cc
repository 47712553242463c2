// Known answers of the original implementation (PEFT) for adapters that are not merged: logits within
// 2e-5 of the largest, greedy ids equal; alone, in one batch of several adapters and the base, and
// over GGUF files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/env.h"
#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/threads.h"
#include "model/adapter/bind/bind_adapter.h"
#include "model/adapter/bind/testing/adapted_batch.h"
#include "model/adapter/merge/merge.h"
#include "model/adapter/testing/known_adapters.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/encoder/testing/golden_batch.h"
#include "model/nn/load.h"

namespace pano::adapter {
namespace {

using nn::BoundAdapter;
using nn::TokenId;
using tensor::TensorView;
using testing::AdaptedBatch;
using testing::ForEachKnownAdapter;
using testing::KnownAdapter;

constexpr double kTolerance = 2e-5;  // of the largest logit
constexpr int64_t kPrompt = 12;      // ids that the greedy ones follow

std::vector<TokenId> Ids(const TensorView& view, int64_t row, int64_t count) {
  const int64_t* from = view.as<int64_t>() + row * view.shape.back();
  std::vector<TokenId> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back(static_cast<TokenId>(from[i]));
  return ids;
}

double Distance(std::span<const float> got, const float* want) {
  double worst = 0, largest = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(got[i]) - static_cast<double>(want[i])));
    largest = std::max(largest, std::abs(static_cast<double>(want[i])));
  }
  return worst / largest;
}

// Of the case's `input_ids`, all rows together.
std::vector<float> DecoderLogits(nn::Model& model, const std::vector<const BoundAdapter*>& rows,
                                 const format::Weights& expected) {
  const TensorView& ids = *expected.Find("input_ids");
  std::vector<std::vector<TokenId>> all;
  for (int64_t row = 0; row < ids.shape[0]; ++row) all.push_back(Ids(ids, row, ids.shape[1]));
  return AdaptedBatch(model, rows).Feed(all);
}

// Logits of `input_ids` and what follows them greedily, for rows with these adapters; the largest
// distance.
double CheckDecoder(nn::Model& model, const std::vector<const BoundAdapter*>& rows,
                    const format::Weights& expected, const char* tensor, bool greedy,
                    KnownAnswers& answers) {
  const TensorView* ids = expected.Find("input_ids");
  const TensorView* logits = expected.Find(tensor);
  const TensorView* follow = expected.Find("greedy");
  if (!ids || !logits || !follow) {
    ADD_FAILURE() << "the case lacks " << tensor;
    return 1;
  }
  const std::vector<float> got = DecoderLogits(model, rows, expected);
  EXPECT_EQ(static_cast<int64_t>(got.size()), logits->elements());
  const double distance = Distance(got, logits->as<float>());
  answers.Compared(got.size());
  EXPECT_LT(distance, kTolerance) << tensor;
  if (!greedy) return distance;
  AdaptedBatch batch(model, rows);
  const auto vocab = static_cast<size_t>(model.vocab_size());
  std::vector<std::vector<TokenId>> next;
  for (int64_t row = 0; row < ids->shape[0]; ++row) next.push_back(Ids(*ids, row, kPrompt));
  for (int64_t step = 0; step < follow->shape[1]; ++step) {
    const std::vector<float> out = batch.Feed(next);
    size_t end = 0;
    for (size_t row = 0; row < rows.size(); ++row) {
      end += next[row].size() * vocab;
      const auto last = out.begin() + static_cast<std::ptrdiff_t>(end - vocab);
      const auto best = std::max_element(last, last + static_cast<std::ptrdiff_t>(vocab));
      next[row] = {static_cast<TokenId>(best - last)};
      EXPECT_EQ(next[row].front(),
                Ids(*follow, static_cast<int64_t>(row), follow->shape[1])[static_cast<size_t>(step)])
          << "greedy id " << step << " of row " << row;
    }
    answers.Compared(rows.size());
  }
  return distance;
}

std::vector<float> EncoderLogits(encoder::Encoder& encoder,
                                 const std::shared_ptr<const BoundAdapter>& adapter,
                                 const format::Weights& expected) {
  encoder::EncoderBatch batch = encoder::testing::ReadBatch(expected, nullptr);
  for (encoder::TextRow& row : batch.texts) row.adapter = adapter;
  batch.outputs = {"logits"};
  auto outputs = encoder.Encode(batch);
  std::vector<float> got;
  if (!outputs.ok()) {
    ADD_FAILURE() << outputs.error().ToString();
    return got;
  }
  for (const std::vector<float>& row : outputs->front().rows) {
    got.insert(got.end(), row.begin(), row.end());
  }
  return got;
}

double CheckEncoder(encoder::Encoder& encoder, const std::shared_ptr<const BoundAdapter>& adapter,
                    const std::string& file, const char* tensor, KnownAnswers& answers) {
  auto expected = format::OpenSafetensors({file}).value();
  const std::vector<float> got = EncoderLogits(encoder, adapter, *expected);
  const TensorView* want = expected->Find(tensor);
  EXPECT_EQ(static_cast<int64_t>(got.size()), want->elements());
  const double distance = Distance(got, want->as<float>());
  answers.Compared(got.size());
  EXPECT_LT(distance, kTolerance) << tensor;
  return distance;
}

// A base and the adapters over it. Confined to the test's thread.
class Base {
 public:
  Base(const std::string& path, ComputePool& pool) : files_(format::OpenModel(path).value()) {
    nn::LoadOptions options;
    options.compute = nn::Compute::kF32;
    modules_ = BaseModules::Of(files_).value();
    if (encoder::IsEncoder(files_)) {
      encoder_ = encoder::LoadEncoder(files_, options, pool).value();
    } else {
      model_ = nn::LoadModel(files_, options, pool).value();
    }
  }
  Result<std::shared_ptr<const BoundAdapter>> Bind(const std::string& path) const {
    PANO_ASSIGN_OR_RETURN(const std::shared_ptr<const Adapter> adapter,
                          LoadAdapter(path, modules_));
    return encoder_ ? BindAdapter(*adapter, *encoder_) : BindAdapter(*adapter, *model_);
  }
  nn::Model* model() const { return model_.get(); }
  encoder::Encoder* encoder() const { return encoder_.get(); }
  // Of a case's inputs, with the adapter or without.
  std::vector<float> Logits(const std::shared_ptr<const BoundAdapter>& adapter,
                            const format::Weights& expected) const {
    if (encoder_) return EncoderLogits(*encoder_, adapter, expected);
    const auto rows = static_cast<size_t>(expected.Find("input_ids")->shape[0]);
    return DecoderLogits(*model_, std::vector(rows, adapter.get()), expected);
  }

 private:
  const format::ModelFiles files_;
  std::shared_ptr<const BaseModules> modules_;
  std::unique_ptr<nn::Model> model_;
  std::unique_ptr<encoder::Encoder> encoder_;
};

json::Value Expected(const std::string& folder) {
  return json::Parse(ReadFile(JoinPath(folder, "expected.json")).value()).value();
}

void PrintRow(const std::string& name, const std::string& base, const std::string& result) {
  std::printf("%-28s %-28s %s\n", name.c_str(), base.c_str(), result.c_str());
}

TEST(GoldenAdapters, EachAlone) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training");
  ComputePool pool(2);
  PrintRow("adapter", "base", "largest distance with, without");
  ForEachKnownAdapter(answers, {"lora", "lora_gguf"}, [&](const KnownAdapter& known) {
    const Base base(known.base_path, pool);
    auto bound = base.Bind(known.path);
    if (!bound.ok() && known.rare() && bound.error().code() == StatusCode::kUnimplemented) {
      return PrintRow(known.name, known.base_name, "refused: " + bound.error().message());
    }
    ASSERT_TRUE(bound.ok()) << bound.error().ToString();
    const std::string file = JoinPath(known.path, "expected.safetensors");
    double with = 0, without = 0;
    if (base.encoder()) {
      with = CheckEncoder(*base.encoder(), *bound, file, "logits", answers);
      without = CheckEncoder(*base.encoder(), nullptr, file, "logits_base", answers);
    } else {
      auto tensors = format::OpenSafetensors({file}).value();
      const auto rows = static_cast<size_t>(tensors->Find("input_ids")->shape[0]);
      with = CheckDecoder(*base.model(), std::vector(rows, bound->get()), *tensors, "logits", true,
                          answers);
      const char* plain = "logits_base";
      if (tensors->Find(plain)) {
        without = CheckDecoder(*base.model(), std::vector<const BoundAdapter*>(rows, nullptr),
                               *tensors, plain, false, answers);
      }
    }
    char text[64];
    std::snprintf(text, sizeof text, "%.1e, %.1e", with, without);
    PrintRow(known.name, known.base_name, text);
  });
}

// The same adapter beside the weights and in them. Each side's logits are within kTolerance of what is
// true of its weights, and these truths, which the case holds, differ by the rounding of the merged
// weights to the base's type (nothing but dust in F32): together that bounds the difference.
TEST(GoldenAdapters, MergedAndUnmergedAgree) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training");
  ComputePool pool(2);
  const std::string work =
      JoinPath(::testing::TempDir(), StrCat("golden-adapters-", RandomHex(6)));
  ASSERT_TRUE(Env::Real().MakeFolder(work).ok());
  PrintRow("adapter", "base", "largest difference, allowed");
  ForEachKnownAdapter(answers, {"lora"}, [&](const KnownAdapter& known) {
    const Base base(known.base_path, pool);
    const auto bound = base.Bind(known.path);
    if (!bound.ok()) return;  // EachAlone looks at those
    const std::string out = JoinPath(work, known.name);
    const auto report =
        Merge({.model = known.base_path, .adapter = known.path, .out = out}, pool);
    ASSERT_TRUE(report.ok()) << report.error().ToString();
    const auto expected = format::OpenSafetensors({JoinPath(known.path, "expected.safetensors")}).value();
    const std::vector<float> beside = base.Logits(*bound, *expected);
    const std::vector<float> within = Base(out, pool).Logits(nullptr, *expected);
    ASSERT_EQ(beside.size(), within.size());
    const float* const true_beside = expected->Find("logits")->as<float>();
    const float* const true_within = expected->Find("logits_merged")->as<float>();
    double worst = 0, moved = 0, largest = 0;
    for (size_t i = 0; i < beside.size(); ++i) {
      const auto a = static_cast<double>(true_beside[i]), b = static_cast<double>(true_within[i]);
      worst = std::max(worst, std::abs(static_cast<double>(beside[i]) - static_cast<double>(within[i])));
      moved = std::max(moved, std::abs(a - b));
      largest = std::max({largest, std::abs(a), std::abs(b)});
    }
    const double allowed = moved + 2 * kTolerance * largest;
    EXPECT_LE(worst, allowed);
    answers.Compared(beside.size());
    char text[64];
    std::snprintf(text, sizeof text, "%.1e, %.1e", worst / largest, allowed / largest);
    PrintRow(known.name, known.base_name, text);
  });
  (void)Env::Real().RemoveTree(work);
}

TEST(GoldenAdapters, SeveralInOneBatch) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training");
  ComputePool pool(2);
  const std::string folder = JoinPath(answers.path(), "lora_mixed");
  const std::vector<std::string> names = ListDirectory(folder).value();
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const json::Value expected = Expected(JoinPath(folder, name));
    const Base base(JoinPath(answers.path(), expected.Find("base")->as_string()), pool);
    std::map<std::string, std::shared_ptr<const BoundAdapter>> adapters;
    std::vector<const BoundAdapter*> rows;
    for (const json::Value& row : expected.Find("rows")->as_array()) {
      if (row.is_null()) {
        rows.push_back(nullptr);
        continue;
      }
      std::shared_ptr<const BoundAdapter>& adapter = adapters[row.as_string()];
      if (!adapter) {
        auto bound = base.Bind(JoinPath(answers.path(), row.as_string()));
        ASSERT_TRUE(bound.ok()) << bound.error().ToString();
        adapter = *bound;
      }
      rows.push_back(adapter.get());
    }
    auto tensors =
        format::OpenSafetensors({JoinPath(JoinPath(folder, name), "expected.safetensors")}).value();
    const double distance = CheckDecoder(*base.model(), rows, *tensors, "logits", true, answers);
    char text[64];
    std::snprintf(text, sizeof text, "%.1e (%zu rows, %zu adapters)", distance, rows.size(),
                  adapters.size());
    PrintRow(StrCat("mixed ", name), expected.Find("base")->as_string(), text);
  }
}

}  // namespace
}  // namespace pano::adapter
