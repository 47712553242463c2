// Models go there and back: the same bytes, the same logits, the same files as the reference
// converter's.
#include "model/convert/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "base/env.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/threads.h"
#include "model/format/gguf_write.h"
#include "model/format/safetensors_write.h"
#include "model/format/testing/temp_folder.h"
#include "model/format/weights.h"
#include "model/nn/families/family.h"
#include "model/nn/load.h"
#include "model/nn/sequence_runner.h"
#include "model/nn/testing/tiny_families.h"
#include "model/nn/weights/stored_tensors.h"

namespace pano::convert {
namespace {

using format::TempFolder;
using ::testing::HasSubstr;

std::string Shared(std::string_view path) { return JoinPath(SharedFolder(PANO_SOURCE_DIR), path); }
std::string Golden(std::string_view name) { return Shared(StrCat("data/golden/models/", name)); }

Report MustConvert(const Request& request) {
  auto report = Convert(request);
  EXPECT_TRUE(report.ok()) << report.error().ToString();
  return report.ok() ? *report : Report();
}

// All logits of some ids.
std::vector<float> Logits(const std::string& path) {
  auto files = format::OpenModel(path);
  EXPECT_TRUE(files.ok()) << files.error().ToString();
  ComputePool pool(1);
  auto model = nn::LoadModel(*files, {nn::Compute::kF32, {}}, pool);
  EXPECT_TRUE(model.ok()) << model.error().ToString();
  if (!model.ok()) return {};
  std::vector<nn::TokenId> ids;
  for (int i = 0; i < 24; ++i)
    ids.push_back((i * 37 + 5) % static_cast<int>((*model)->vocab_size()));
  auto runner = nn::SequenceRunner::Create(**model, 64);
  EXPECT_TRUE(runner.ok());
  std::vector<float> out;
  const Status status = runner->Feed(ids, 0, [&](size_t, std::span<const float> row) {
    out.insert(out.end(), row.begin(), row.end());
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return out;
}

void ExpectClose(const std::vector<float>& got, const std::vector<float>& want, float tolerance) {
  ASSERT_EQ(got.size(), want.size());
  float worst = 0, largest = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::abs(got[i] - want[i]));
    largest = std::max(largest, std::abs(want[i]));
  }
  EXPECT_LE(worst, tolerance * largest);
}

// The tensors of `b` are those of `a`, but for heads that are tied and buffers.
void ExpectSameTensors(const std::string& a, const std::string& b) {
  const auto before = format::OpenModel(a), after = format::OpenModel(b);
  ASSERT_TRUE(before.ok() && after.ok());
  for (const std::string& name : after->weights->Names()) {
    const tensor::TensorView* x = before->weights->Find(name);
    const tensor::TensorView* y = after->weights->Find(name);
    ASSERT_NE(x, nullptr) << name;
    ASSERT_EQ(x->dtype, y->dtype) << name;
    ASSERT_EQ(x->shape, y->shape) << name;
    ASSERT_EQ(0, std::memcmp(x->data, y->data, x->bytes)) << name;
  }
  EXPECT_EQ(before->weights->Names().size(), after->weights->Names().size());
}

struct Case {
  const char* name;
  bool exact = true;    // every byte comes back
  float tolerance = 0;  // of logits between the forms
};

// Where the forms turn other pairs of components, products are summed in another order; where one
// keeps factors or floats, the last bits differ.
constexpr float kReordered = 1e-5f;

class ThereAndBackTest : public ::testing::TestWithParam<Case> {};

TEST_P(ThereAndBackTest, SameTensorsAndLogits) {
  const Case& c = GetParam();
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, StrCat("golden/models/", c.name));
  const std::string& model = answers.path();
  TempFolder folder;
  const std::string gguf = folder.Path("model.gguf"), back = folder.Path("back");
  MustConvert({.model = model, .out = gguf, .to = Form::kGguf});
  MustConvert({.model = gguf, .out = back, .to = Form::kHuggingFace});
  if (::testing::Test::HasFailure()) return;
  if (c.exact) ExpectSameTensors(model, back);
  const std::vector<float> logits = Logits(model);
  answers.Compared(logits.size());
  ExpectClose(Logits(gguf), logits, c.tolerance);
  ExpectClose(Logits(back), logits, c.tolerance);
}

INSTANTIATE_TEST_SUITE_P(
    Models, ThereAndBackTest,
    ::testing::Values(Case{"llama_mha", true, kReordered}, Case{"llama_gqa", true, kReordered},
                      Case{"llama_tied", true, kReordered}, Case{"llama_bias", true, kReordered},
                      Case{"llama_rope_llama3", true, kReordered},
                      Case{"mistral_full", true, kReordered}, Case{"mixtral", true, kReordered},
                      Case{"qwen2"}, Case{"qwen2_yarn", true, kReordered}, Case{"qwen3"},
                      Case{"qwen3_moe"}, Case{"phi"}, Case{"phi3"},
                      Case{"phi3_longrope", true, kReordered}, Case{"gemma", false, kReordered},
                      Case{"gemma2", false, kReordered}, Case{"gemma3_text", false, kReordered},
                      Case{"gpt2"}, Case{"gpt_neox"}, Case{"olmo2"},
                      Case{"granite", true, kReordered}, Case{"stablelm"}),
    [](const auto& test) { return std::string(test.param.name); });

// Names and shapes of what the inventory says that a file with this description holds.
std::map<std::string, tensor::Shape> Listed(const format::ModelFiles& files) {
  const auto family = nn::ReadFamilyConfig(files);
  EXPECT_TRUE(family.ok()) << family.error().ToString();
  const auto entries = nn::DescribeTensors(family->config).value();
  const auto stored = nn::StoreTensors(entries, family->config, family->names).value();
  std::map<std::string, tensor::Shape> listed;
  for (const nn::StoredTensor& tensor : stored) {
    const std::string name =
        nn::LocateTensor(*files.weights, tensor, family->names.optional_prefix);
    if (!tensor.optional || files.weights->Find(name)) listed[name] = tensor.shape;
  }
  return listed;
}

std::map<std::string, tensor::Shape> Held(const format::ModelFiles& files) {
  std::map<std::string, tensor::Shape> held;
  for (const std::string& name : files.weights->Names()) {
    held[name] = files.weights->Find(name)->shape;
  }
  return held;
}

// Every family that has both forms, from random weights: what is written is what the inventory
// lists, and every byte comes back.
TEST(ConvertTest, EveryFamilyWritesItsInventory) {
  std::set<std::string_view> tried;
  auto all = nn::testing::TinyDecoders();
  for (auto& variant : nn::testing::TinyVariants()) all.push_back(std::move(variant));
  for (auto& [name, files] : all) {
    SCOPED_TRACE(name);
    const auto family = nn::ReadFamilyConfig(files);
    ASSERT_TRUE(family.ok()) << family.error().ToString();
    if (!family->family->write_gguf || !family->family->write_hf) continue;
    const auto entries = nn::DescribeTensors(family->config).value();
    const auto weights = nn::testing::FillWeights(
        nn::StoreTensors(entries, family->config, family->names).value());
    TempFolder folder;
    const std::string model = folder.Path("model"), gguf = folder.Path("model.gguf"),
                      back = folder.Path("back");
    ASSERT_TRUE(std::filesystem::create_directory(model));
    folder.Write("model/config.json", json::Dump(files.config));
    std::vector<format::TensorStream> streams;
    for (const std::string& tensor : weights->Names()) {
      streams.push_back(format::StreamOf(tensor, *weights->Find(tensor)));
    }
    ASSERT_TRUE(format::StreamSafetensors(JoinPath(model, "model.safetensors"), streams).ok());
    const auto report = Convert({.model = model, .out = gguf, .to = Form::kGguf});
    if (!report.ok()) {  // GGUF has no words for some options
      EXPECT_EQ(report.error().code(), StatusCode::kUnimplemented) << report.error().ToString();
      continue;
    }
    tried.insert(family->family->name);
    const auto written = format::OpenModel(gguf);
    ASSERT_TRUE(written.ok());
    EXPECT_EQ(Listed(*written), Held(*written));
    MustConvert({.model = gguf, .out = back, .to = Form::kHuggingFace});
    const auto folder_again = format::OpenModel(back);
    ASSERT_TRUE(folder_again.ok());
    EXPECT_EQ(Listed(*folder_again), Held(*folder_again));
    if (family->config.norm_offset == 0) ExpectSameTensors(model, back);
    const std::vector<float> logits = Logits(model);
    ExpectClose(Logits(gguf), logits, kReordered);
    ExpectClose(Logits(back), logits, kReordered);
  }
  for (const nn::Family* family : nn::Families()) {
    if (!family->write_gguf || !family->write_hf) continue;
    EXPECT_TRUE(tried.contains(family->name)) << family->name;
  }
}

// A GGUF whose layers differ in key/value heads was refused. One whose second layer has one head in the
// place of two equal ones computes the same.
TEST(ConvertTest, KeyValueHeadsMayDifferByLayer) {
  auto files = nn::testing::ShapeOf(
      R"({"model_type":"llama","vocab_size":64,"hidden_size":64,"num_hidden_layers":2,
          "num_attention_heads":4,"num_key_value_heads":2,"intermediate_size":96,
          "max_position_embeddings":256})");
  const auto family = nn::ReadFamilyConfig(files).value();
  const auto weights = nn::testing::FillWeights(
      nn::StoreTensors(nn::DescribeTensors(family.config).value(), family.config, family.names)
          .value());
  std::vector<format::TensorStream> streams;
  std::map<std::string, std::vector<std::byte>> doubled;
  for (const std::string& name : weights->Names()) {
    tensor::TensorView view = *weights->Find(name);
    if (name.find("1.self_attn.k_proj") != name.npos || name.find("1.self_attn.v_proj") != name.npos) {
      std::vector<std::byte>& bytes = doubled[name];
      for (int half = 0; half < 2; ++half) bytes.insert(bytes.end(), view.data, view.data + view.bytes / 2);
      view.data = bytes.data();
    }
    streams.push_back(format::StreamOf(name, view));
  }
  TempFolder folder;
  const std::string model = folder.Path("model"), plain = folder.Path("plain.gguf"),
                    gguf = folder.Path("by_layer.gguf"), copy = folder.Path("copy.gguf");
  ASSERT_TRUE(std::filesystem::create_directory(model));
  folder.Write("model/config.json", json::Dump(files.config));
  ASSERT_TRUE(format::StreamSafetensors(JoinPath(model, "model.safetensors"), streams).ok());
  MustConvert({.model = model, .out = plain, .to = Form::kGguf});

  auto metadata = format::ReadGgufEntries(plain).value();
  for (format::GgufEntry& entry : metadata) {
    if (entry.key.ends_with("head_count_kv")) entry.value = std::vector<uint32_t>{2, 1};
  }
  const auto from = format::OpenModel(plain).value();
  streams.clear();
  for (const std::string& name : from.weights->Names()) {
    tensor::TensorView view = *from.weights->Find(name);
    if (name.starts_with("blk.1.attn_k.") || name.starts_with("blk.1.attn_v.")) {
      view.shape[0] /= 2;
      view.bytes /= 2;
    }
    streams.push_back(format::StreamOf(name, view));
  }
  ASSERT_TRUE(format::WriteGguf(gguf, metadata, streams).ok());

  ExpectClose(Logits(gguf), Logits(model), kReordered);
  MustConvert({.model = gguf, .out = copy, .to = Form::kGguf, .type = tensor::DType::kF32});
  ExpectClose(Logits(copy), Logits(gguf), kReordered);
  const Status refused =
      Convert({.model = gguf, .out = folder.Path("hf"), .to = Form::kHuggingFace}).error();
  EXPECT_EQ(refused.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(refused.message(), HasSubstr("layer 1: key/value heads: 1 and 2"));
}

// The reference converter's files: quantised alike to the byte, and read the same.
TEST(ConvertTest, RequantisesLikeTheReference) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/gguf/llama/llama-f32.gguf");
  const std::string& f32 = answers.path();
  for (auto [name, type] : {std::pair{"q4_0", tensor::DType::kQ4_0},
                            {"q8_0", tensor::DType::kQ8_0},
                            {"f16", tensor::DType::kF16}}) {
    SCOPED_TRACE(name);
    TempFolder folder;
    const std::string out = folder.Path("out.gguf");
    MustConvert({.model = f32, .out = out, .to = Form::kGguf, .type = type});
    ExpectSameTensors(Shared(StrCat("data/golden/gguf/llama/llama-", name, ".gguf")), out);
    answers.Compared(ReadFile(out)->size());
    EXPECT_EQ(ReadFile(out)->size(),
              ReadFile(Shared(StrCat("data/golden/gguf/llama/llama-", name, ".gguf")))->size());
  }
}

TEST(ConvertTest, GoldenGgufFilesBecomeFolders) {
  for (const char* name : {"llama/llama-q4_0", "llama_kquants/llama_kquants-kmix",
                           "qwen2/qwen2-f32", "gemma2/gemma2-f32"}) {
    PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR,
                       StrCat("golden/gguf/", name, ".gguf"));
    const std::string& gguf = answers.path();
    SCOPED_TRACE(name);
    TempFolder folder;
    const std::string out = folder.Path("out");
    MustConvert({.model = gguf, .out = out, .to = Form::kHuggingFace, .type = tensor::DType::kF32});
    const std::vector<float> logits = Logits(gguf);
    ExpectClose(Logits(out), logits, 1e-5f);
    answers.Compared(logits.size());
    EXPECT_TRUE(FileExists(JoinPath(out, "tokenizer.json")));
  }
}

TEST(ConvertTest, Stories) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "weights/stories260K/hf");
  const std::string& hf = answers.path();
  TempFolder folder;
  const std::string gguf = folder.Path("s.gguf");
  const Report report =
      MustConvert({.model = hf, .out = gguf, .to = Form::kGguf, .type = tensor::DType::kQ8_0});
  // 172 columns are no multiple of 32.
  EXPECT_EQ(report.notes.size(), 5u);
  EXPECT_THAT(report.notes.front(), HasSubstr("blk.0.ffn_down.weight: rows of 172"));
  ExpectSameTensors(Shared("data/weights/stories260K/stories260K-q8_0.gguf"), gguf);
  answers.Compared(report.notes.size());
}

// What only tokenizer_config.json lists, and the templates that have names, go with the model.
TEST(ConvertTest, ListedTokensAndNamedTemplatesGoThereAndBack) {
  TempFolder folder;
  const std::string from = folder.Path("from"), gguf = folder.Path("m.gguf"), to = folder.Path("to");
  std::filesystem::copy(JoinPath(PANO_SOURCE_DIR, "models/starter"), from,
                        std::filesystem::copy_options::recursive);
  // Two pieces that few texts have become markers, which only the configuration says.
  auto read = [&](std::string_view name) {
    return json::Parse(ReadFile(JoinPath(from, name), 64 << 20).value()).value();
  };
  json::Value config = read("tokenizer_config.json");
  const json::Value file = read("tokenizer.json");
  const std::string piece = file.Find("model")->Find("vocab")->as_object()[2000].first;
  config.Set("added_tokens_decoder",
             json::Object{{"2000", json::Object{{"content", piece}, {"special", true}}}});
  config.Set("chat_template",
             json::Array{json::Object{{"name", "default"}, {"template", "main"}},
                         json::Object{{"name", "tool_use"}, {"template", "tools"}}});
  ASSERT_TRUE(WriteFile(JoinPath(from, "tokenizer_config.json"), json::Dump(config)).ok());
  Request request;
  request.model = from;
  request.out = gguf;
  request.to = Form::kGguf;
  MustConvert(request);
  const auto written = format::OpenModel(gguf);
  ASSERT_TRUE(written.ok()) << written.error().ToString();
  EXPECT_EQ(written->chat_template, "main");
  EXPECT_EQ(written->named_templates.at("tool_use"), "tools");
  const json::Array& types = written->metadata.Find("tokenizer.ggml.token_type")->as_array();
  EXPECT_EQ(types[2000].as_int(), 3);  // control
  request.model = gguf;
  request.out = to;
  request.to = Form::kHuggingFace;
  MustConvert(request);
  EXPECT_EQ(format::OpenModel(to)->named_templates.at("tool_use"), "tools");
}

TEST(ConvertTest, TheLineageGoesFromFolderToFolder) {
  TempFolder folder;
  const std::string from = folder.Path("from"), to = folder.Path("to");
  std::filesystem::copy(JoinPath(PANO_SOURCE_DIR, "models/starter"), from);
  ASSERT_TRUE(WriteFile(JoinPath(from, "lineage.json"), "of the run").ok());
  MustConvert(
      {.model = from, .out = to, .to = Form::kHuggingFace, .type = tensor::DType::kF16});
  EXPECT_EQ(*ReadFile(JoinPath(to, "lineage.json")), "of the run");
}

TEST(ConvertTest, RefusesByName) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/models/llama_mha");
  TempFolder folder;
  auto fails = [&](const Request& request, StatusCode code, const std::string& words) {
    const Status status = Convert(request).error();
    EXPECT_EQ(status.code(), code) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(words));
    answers.Compared(1);
  };
  const std::string out = folder.Path("out.gguf");
  fails({.model = Golden("deepseek_v2"), .out = out}, StatusCode::kUnimplemented,
        "architecture 'deepseek_v2' is not written as GGUF");
  fails({.model = Golden("bert_base"), .out = out}, StatusCode::kUnimplemented, "bert");
  fails({.model = Golden("llama_mha"), .out = out, .type = tensor::DType::kQ6_K},
        StatusCode::kUnimplemented, "type Q6_K is read, not written");
  fails({.model = Golden("llama_mha"),
         .out = folder.Path("hf"),
         .to = Form::kHuggingFace,
         .type = tensor::DType::kQ8_0},
        StatusCode::kInvalidArgument, "a Hugging Face folder holds F32");
  folder.Write("out.gguf", "x");
  fails({.model = Golden("llama_mha"), .out = out}, StatusCode::kAlreadyExists, "is there already");
  EXPECT_EQ(*ReadFile(out), "x");
  MustConvert({.model = Golden("llama_mha"), .out = out, .overwrite = true});
  fails({.model = out, .out = out, .overwrite = true}, StatusCode::kInvalidArgument,
        "is the model itself");
  EXPECT_EQ(ListDirectory(folder.path())->size(), 1u);
}

}  // namespace
}  // namespace pano::convert
