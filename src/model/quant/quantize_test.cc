#include "model/quant/quantize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/env.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/threads.h"
#include "model/format/testing/temp_folder.h"
#include "model/format/weights.h"
#include "model/nn/families/family.h"
#include "model/nn/load.h"
#include "model/nn/testing/tiny_families.h"
#include "model/nn/weights/stored_tensors.h"

namespace pano::quant {
namespace {

using ::testing::HasSubstr;

const std::string kStarter = JoinPath(PANO_SOURCE_DIR, "models/starter");

std::vector<float> LogitsOf(const std::string& path, nn::Compute compute) {
  ComputePool pool(2);
  auto files = format::OpenModel(path);
  EXPECT_TRUE(files.ok()) << files.error().ToString();
  auto model = nn::LoadModel(*files, {.compute = compute, .kv_type = nn::KvType::kF32}, pool);
  EXPECT_TRUE(model.ok()) << model.error().ToString();
  std::vector<nn::TokenId> tokens = {5, 300, 77, 910, 42, 512, 64, 8};
  for (nn::TokenId& token : tokens) token %= static_cast<nn::TokenId>((*model)->vocab_size());
  const std::vector<nn::BlockId> table = {0};
  auto state = (*model)->CreateState((*model)->state_layout().Uniform(1)).value();
  nn::SequenceSlice slice;
  slice.tokens = tokens;
  slice.tables.assign((*model)->state_layout().groups.size(), table);
  nn::Logits logits;
  EXPECT_TRUE((*model)->Forward({{slice}}, *state, logits).ok());
  return {logits.data(), logits.data() + logits.rows() * logits.vocab()};
}

double Distance(const std::vector<float>& a, const std::vector<float>& b) {
  double off = 0, all = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    off += std::pow(static_cast<double>(a[i] - b[i]), 2);
    all += std::pow(static_cast<double>(a[i]), 2);
  }
  return std::sqrt(off / all);
}

struct Case {
  const char* type;
  double near;  // of the logits, relative to the original's
};
class QuantizeTest : public testing::TestWithParam<Case> {};

TEST_P(QuantizeTest, WritesAFolderThatLoadsAndIsNear) {
  format::TempFolder folder;
  const std::string out = folder.Path("out");
  ComputePool pool(2);
  double last = 0;
  Request request{.model = kStarter, .out = out, .type = *TypeByName(GetParam().type)};
  request.progress = [&](double share) { last = share; };
  const auto report = Quantize(request, pool);
  ASSERT_TRUE(report.ok()) << report.error().ToString();
  EXPECT_EQ(last, 1.0);
  EXPECT_GT(report->matrices, 0u);
  const std::vector<float> want = LogitsOf(kStarter, nn::Compute::kF32);
  const std::vector<float> exact = LogitsOf(out, nn::Compute::kF32);
  const std::vector<float> fast = LogitsOf(out, nn::Compute::kFast);
  EXPECT_LT(Distance(want, exact), GetParam().near);
  EXPECT_LT(Distance(want, fast), 1.5 * GetParam().near);
  EXPECT_LT(Distance(exact, fast), 0.03);
  EXPECT_NE(exact, fast);

  // A second time needs leave, and a folder that is packed already is not quantised again.
  EXPECT_EQ(Quantize(request, pool).error().code(), StatusCode::kAlreadyExists);
  request.overwrite = true;
  EXPECT_TRUE(Quantize(request, pool).ok());
  Request again{.model = out, .out = folder.Path("again"), .type = request.type};
  EXPECT_THAT(Quantize(again, pool).error().message(), HasSubstr("no matrix of it can be written"));
}

INSTANTIATE_TEST_SUITE_P(Types, QuantizeTest,
                         testing::Values(Case{"q8_0", 0.01}, Case{"w8a8", 0.02}, Case{"q4_0", 0.2},
                                         Case{"q4g", 0.15}, Case{"q4_k", 0.15}),
                         [](const auto& one) { return std::string(one.param.type); });

// A folder of a small model with drawn weights; `more` are members of its config.json.
void WriteFolder(const std::string& path, std::string_view family, std::string_view more) {
  const json::Value members = json::Parse(more).value();
  auto decoders = nn::testing::TinyDecoders();
  for (auto& [name, files] : decoders) {
    if (name != family) continue;
    for (const auto& [key, value] : members.as_object()) files.config.Set(key, value);
    const nn::FamilyConfig read = nn::ReadFamilyConfig(files).value();
    const auto entries = nn::DescribeTensors(read.config).value();
    const auto weights =
        nn::testing::FillWeights(nn::StoreTensors(entries, read.config, read.names).value());
    std::vector<format::SafetensorsEntry> tensors;
    for (const std::string& tensor : weights->Names()) {
      tensors.push_back({tensor, *weights->Find(tensor)});
    }
    std::filesystem::create_directory(path);
    ASSERT_TRUE(WriteFile(JoinPath(path, "config.json"), json::Dump(files.config)).ok());
    ASSERT_TRUE(format::WriteSafetensors(JoinPath(path, "model.safetensors"), tensors).ok());
    return;
  }
  FAIL() << "no family " << family;
}

// Whoever serves the quantised model can still ask which data made it.
TEST(Quantize, TheLineageGoesWithTheModel) {
  format::TempFolder folder;
  const std::string from = folder.Path("from"), to = folder.Path("to");
  std::filesystem::copy(kStarter, from);
  ASSERT_TRUE(WriteFile(JoinPath(from, "lineage.json"), "of the run").ok());
  ComputePool pool(2);
  const auto report = Quantize({.model = from,
                                .out = to,
                                .type = *TypeByName("q8_0"),
                                .overwrite = false,
                                .progress = {}},
                               pool);
  ASSERT_TRUE(report.ok()) << report.error().ToString();
  EXPECT_EQ(*ReadFile(JoinPath(to, "lineage.json")), "of the run");
}

// Matrices that are cut within a panel when they are read were packed, and the folder could not be
// read back. They stay as they are, by name.
// The command died of SIGBUS when its model was truncated in place.
TEST(Quantize, AModelCutShortMeanwhileIsNotWritten) {
  MappedFile::SurviveFaults();
  format::TempFolder folder;
  const std::string from = folder.Path("from"), to = folder.Path("to");
  std::filesystem::copy(kStarter, from);
  const std::string weights = JoinPath(from, "model.safetensors");
  ComputePool pool(2);
  const auto report = Quantize({.model = from,
                                .out = to,
                                .type = *TypeByName("q8_0"),
                                .overwrite = false,
                                .progress = [&](double) { std::filesystem::resize_file(weights, 4096); }},
                               pool);
  EXPECT_EQ(report.error().code(), StatusCode::kUnavailable);
  EXPECT_THAT(report.error().message(), HasSubstr("from/model.safetensors: the file was cut short"));
  EXPECT_EQ(ListDirectory(folder.path())->size(), 1u);   // nothing but `from`
}

TEST(Quantize, MatricesCutWithinAPanelStayAsTheyAre) {
  struct Cut {
    const char* family;
    const char* config;
    const char* note;
  };
  for (const Cut& cut :
       {Cut{"phi3", R"({"intermediate_size":40})", "mlp.gate_up_proj.weight: is cut at multiples"},
        Cut{"gpt_neox", R"({"num_attention_heads":8})", "query_key_value.weight: is cut at"},
        Cut{"deepseek_v2", R"({"qk_nope_head_dim":8})", "kv_b_proj.weight: is cut at"}}) {
    SCOPED_TRACE(cut.family);
    format::TempFolder folder;
    const std::string in = folder.Path("in"), out = folder.Path("out");
    WriteFolder(in, cut.family, cut.config);
    ComputePool pool(2);
    const auto report = Quantize({.model = in, .out = out}, pool);
    ASSERT_TRUE(report.ok()) << report.error().ToString();
    EXPECT_GT(report->matrices, 0u);
    EXPECT_THAT(report->notes, testing::Contains(HasSubstr(cut.note)));
    EXPECT_LT(Distance(LogitsOf(in, nn::Compute::kF32), LogitsOf(out, nn::Compute::kF32)), 0.05);
  }
}

TEST(Quantize, NamesWhatIsWrong) {
  format::TempFolder folder;
  ComputePool pool(1);
  EXPECT_THAT(TypeByName("q9").error().message(), HasSubstr("'q9' is not one of q8_0, w8a8"));
  Request request{.model = folder.Path("none"), .out = folder.Path("out")};
  EXPECT_EQ(Quantize(request, pool).error().code(), StatusCode::kNotFound);
  request.model = request.out = kStarter;
  EXPECT_THAT(Quantize(request, pool).error().message(), HasSubstr("is the model itself"));
}

// What a configuration says of packed tensors is checked like everything else in a file.
TEST(Quantize, AConfigurationThatLiesIsRefused) {
  format::TempFolder folder;
  const std::string out = folder.Path("out");
  ComputePool pool(2);
  ASSERT_TRUE(Quantize({.model = kStarter, .out = out}, pool).ok());
  const std::string path = JoinPath(out, "config.json");
  const std::string text = ReadFile(path).value();
  auto message = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    const size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
    std::ofstream(path) << changed;
    const auto files = format::OpenModel(out);
    return files.ok() ? "opened" : std::string(files.error().message());
  };
  EXPECT_THAT(message("\"Q8_0X16\"", "\"Q9X16\""), HasSubstr("'Q9X16' is not known"));
  EXPECT_THAT(message("\"Q8_0X16\"", "\"Q4_0X16\""), HasSubstr("bytes; Q4_0X16"));
  EXPECT_THAT(message("\"version\": 1", "\"version\": 2"), HasSubstr("version is not 1"));
  EXPECT_THAT(message("\"tensors\": {", "\"tensors\": {\"x\": {\"type\":\"W8X16\",\"shape\":[1,32]},"),
              HasSubstr("'x': the weights have no such tensor"));
  EXPECT_THAT(message("\"tensors\": {", "\"tensors\": {\"model.norm.weight\": "
                                        "{\"type\":\"W8X16\",\"shape\":[1,32]},"),
              HasSubstr("not U8"));
  EXPECT_THAT(message("\"tensors\": {", "\"tensors\": {\"x\": "
                                        "{\"type\":\"W8X16\",\"shape\":[1,131104]},"),
              HasSubstr("131104 columns; W8X16 has at most 131072"));
  EXPECT_EQ(message("\"version\"", "\"version\""), "opened");
}

}  // namespace
}  // namespace pano::quant
