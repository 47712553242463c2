#include "pano/bench/model_work.h"

#include <gtest/gtest.h>

#include "base/threads.h"
#include "model/nn/testing/tiny_families.h"
#include "pano/bench/random_weights.h"
#include "pano/bench/report.h"
#include "pano/bench/shape.h"

namespace pano::bench {
namespace {

TEST(ModelWorkTest, CountsWhatATokenNeeds) {
  using Part = ModelTensor::Part;
  ComputePool pool(1);
  const std::vector<ModelTensor> tensors = {{"embedding", {100, 64}, Part::kTable, 1.0, 0.0f, 1.0f},
                                            {"matrix", {64, 64}, Part::kMatrix, 1.0, 0.0f, 1.0f},
                                            {"expert", {32, 64}, Part::kMatrix, 0.25, 0.0f, 1.0f},
                                            {"head", {100, 64}, Part::kHead, 1.0, 0.0f, 1.0f},
                                            {"norm", {64}, Part::kVector, 1.0, 1.0f, 0.0f}};
  auto weights = MakeRandomWeights(tensors, tensor::DType::kF16, 1, pool);
  auto work = WorkOf(tensors, **weights);
  ASSERT_TRUE(work.ok()) << work.error().ToString();
  EXPECT_EQ(work->parameters, 6400 + 4096 + 2048 + 6400 + 64);
  EXPECT_EQ(work->matrix_ops_per_token, 2 * (4096 + 2048 / 4));
  EXPECT_EQ(work->weight_bytes_per_token, 64 * 2 + 2 * (4096 + 2048 / 4 + 6400) + 64 * 4);
  EXPECT_EQ(work->weight_bytes, 2 * (6400 + 4096 + 2048 + 6400) + 64 * 4);
  EXPECT_FALSE(WorkOf({{"other", {1}, Part::kVector}}, **weights).ok());
}

// The figures that the targets are computed from.
TEST(ModelWorkTest, HalfABillion) {
  const format::ModelFiles files = ReadShape("qwen2.5-0.5b").value();
  double ops = 0;
  const std::vector<ModelTensor> tensors = ListTensors(files).value();
  for (const ModelTensor& tensor : tensors) {
    if (tensor.part != ModelTensor::Part::kMatrix) continue;
    ops += 2 * static_cast<double>(tensor::ElementCount(tensor.shape).value());
  }
  EXPECT_NEAR(ops / 1e9, 0.716, 0.0005);
}

TEST(ModelWorkTest, Shares) {
  ModelWork work;
  work.matrix_ops_per_token = 0.716e9;
  work.weight_bytes_per_token = 525e6;
  const kernels::MachineLimits limits{2, 33.5e9, 170e9, 347e9};
  EXPECT_NEAR(Int8PeakShare(work, 257, limits), 0.53, 0.005);
  EXPECT_NEAR(F32PeakShare(work, 100, limits), 0.421, 0.001);
  EXPECT_NEAR(BandwidthShare(work, 50, limits), 0.784, 0.001);
  EXPECT_EQ(Int8PeakShare(work, 257, {}), 0);
}

TEST(ReportTest, TakesTheBetterLimitsAndTheirDistance) {
  BenchReport report{.model = "m", .cpu = "c", .isa = "i", .threads = 2};
  report.limits.before = {2, 20e9, 100e9, 400e9};
  report.limits.after = {2, 25e9, 90e9, 400e9};
  report.work.emplace();
  report.work->matrix_ops_per_token = 1e9;
  report.work->weight_bytes_per_token = 1e9;
  report.decoder.emplace();
  report.decoder->prefill = {512, {200, 190, 210}};
  report.decoder->decode = {{1, 16, 128, 0, {20, 19, 21}}, {8, 128, 64, 0, {80, 80, 80}}};
  const json::Value out = ToJson(report);
  const json::Value& limits = *out.Find("limits");
  EXPECT_EQ(limits.Find("read_gb_s")->as_double(), 25);
  EXPECT_EQ(limits.Find("f32_gflop_s")->as_double(), 100);
  EXPECT_EQ(limits.Find("spread")->Find("read")->as_double(), 0.2);
  const json::Value& prefill = out.Find("prefill")->as_array().at(0);
  EXPECT_EQ(prefill.Find("tok_s")->as_double(), 200);
  EXPECT_EQ(prefill.Find("tok_s_min")->as_double(), 190);
  EXPECT_EQ(prefill.Find("int8_peak_share")->as_double(), 0.5);
  const json::Array& decode = out.Find("decode")->as_array();
  EXPECT_EQ(decode.at(0).Find("bandwidth_share")->as_double(), 0.8);
  EXPECT_EQ(decode.at(1).Find("bandwidth_share"), nullptr);
  EXPECT_NE(FormatReport(out).find("80 % of read bandwidth"), std::string::npos);
}

TEST(ReportTest, TilesAndBandwidthBetweenTheParts) {
  BenchReport report{.model = "m", .cpu = "c", .isa = "i", .threads = 2};
  report.limits.before = {2, 20e9, 100e9, 400e9, 4000e9, 2000e9};
  report.limits.after = {2, 25e9, 90e9, 400e9, 3000e9, 1000e9};
  report.limits.read_between = 30e9;
  report.work.emplace();
  report.work->matrix_ops_per_token = 1e9;
  report.work->weight_bytes_per_token = 1e9;
  report.decoder.emplace();
  report.decoder->prefill = {512, {1000, 1000, 1000}};
  report.decoder->decode = {{1, 16, 128, 0, {27, 27, 27}}};
  const json::Value out = ToJson(report);
  EXPECT_EQ(out.Find("limits")->Find("tile_int8_gop_s")->as_double(), 4000);
  const json::Value& prefill = out.Find("prefill")->as_array().at(0);
  EXPECT_EQ(prefill.Find("tile_int8_peak_share")->as_double(), 0.25);
  EXPECT_EQ(prefill.Find("tile_bf16_peak_share")->as_double(), 0.5);
  EXPECT_EQ(out.Find("decode")->as_array().at(0).Find("bandwidth_share")->as_double(), 0.9);
  const std::string text = FormatReport(out);
  EXPECT_NE(text.find("in tiles 4000 GOP/s int8, 2000 GFLOP/s BF16"), std::string::npos) << text;
  EXPECT_NE(text.find("50 % of the BF16 peak of tiles"), std::string::npos) << text;
}

TEST(ReportTest, LimitsByThreads) {
  const json::Value out = LimitsToJson({{1, 10e9, 50e9, 200e9}, {2, 20e9, 100e9, 400e9}}, "c", "i");
  EXPECT_EQ(out.Find("limits")->Find("read_gb_s")->as_double(), 20);
  const json::Array& rows = out.Find("limits")->Find("by_threads")->as_array();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].Find("threads")->as_int(), 1);
  EXPECT_EQ(rows[0].Find("int8_gop_s")->as_double(), 200);
  EXPECT_NE(FormatReport(out).find("threads    1"), std::string::npos);
}

}  // namespace
}  // namespace pano::bench
