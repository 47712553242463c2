#include "model/convert/general_keys.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "base/env.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/families/hf_writing.h"
#include "model/nn/load.h"

namespace pano::convert {
namespace {

using tensor::DType;

// generation_config.json's names beside GGUF's.
struct Sampling {
  std::string_view hf, gguf;
  bool integer;
};
constexpr std::array<Sampling, 5> kSampling = {
    {{"temperature", "general.sampling.temp", false},
     {"top_p", "general.sampling.top_p", false},
     {"min_p", "general.sampling.min_p", false},
     {"top_k", "general.sampling.top_k", true},
     {"repetition_penalty", "general.sampling.penalty_repeat", false}}};

// "7.2B", "260K": two digits of the number of weights.
std::string SizeLabel(const std::vector<RowTensor>& tensors) {
  double count = 0;
  for (const RowTensor& tensor : tensors) {
    count += static_cast<double>(*tensor::ElementCount(tensor.shape));
  }
  const char* units[] = {"K", "M", "B", "T"};
  size_t unit = 0;
  for (count /= 1000; count >= 1000 && unit < 3; ++unit) count /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f%s", count < 9.95 ? 1 : 0, count, units[unit]);
  return text;
}

}  // namespace

uint32_t FileTypeNumber(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return 1;
    case DType::kQ4_0:
      return 2;
    case DType::kQ4_1:
      return 3;
    case DType::kQ8_0:
      return 7;
    case DType::kQ5_0:
      return 8;
    case DType::kQ5_1:
      return 9;
    case DType::kQ2_K:
      return 10;
    case DType::kQ3_K:
      return 12;
    case DType::kQ4_K:
      return 15;
    case DType::kQ5_K:
      return 17;
    case DType::kQ6_K:
      return 18;
    case DType::kIQ2_XXS:
      return 19;
    case DType::kIQ2_XS:
      return 20;
    case DType::kIQ3_XXS:
      return 23;
    case DType::kIQ1_S:
      return 24;
    case DType::kIQ4_NL:
      return 25;
    case DType::kIQ3_S:
      return 26;
    case DType::kIQ2_S:
      return 28;
    case DType::kIQ4_XS:
      return 30;
    case DType::kIQ1_M:
      return 31;
    case DType::kBF16:
      return 32;
    case DType::kTQ1_0:
      return 36;
    case DType::kTQ2_0:
      return 37;
    case DType::kMXFP4:
      return 38;
    case DType::kNVFP4:
      return 39;
    default:
      return 0;
  }
}

std::vector<format::GgufEntry> GeneralKeys(std::string_view architecture,
                                           const format::ModelFiles& files,
                                           const std::vector<RowTensor>& tensors) {
  DType main = DType::kF32;
  int64_t most = 0;
  std::map<DType, int64_t> elements;
  for (const RowTensor& tensor : tensors) {
    const int64_t sum = elements[tensor.dtype] += *tensor::ElementCount(tensor.shape);
    if (tensor.matrix && sum > most) most = sum, main = tensor.dtype;
  }
  std::vector<format::GgufEntry> out = {{"general.architecture", std::string(architecture)},
                                        {"general.type", std::string("model")},
                                        {"general.name", std::string(BaseName(files.path))},
                                        {"general.size_label", SizeLabel(tensors)},
                                        {"general.file_type", FileTypeNumber(main)},
                                        {"general.quantization_version", uint32_t{2}}};
  const json::Value* sample = files.generation_config.Find("do_sample");
  if (sample && *sample == json::Value(false)) return out;
  for (const Sampling& row : kSampling) {
    const json::Value* value = files.generation_config.Find(row.hf);
    if (!value || !value->is_number()) continue;
    if (!row.integer) {
      out.push_back({std::string(row.gguf), static_cast<float>(value->as_double())});
    } else if (value->is_int() && value->as_int() >= 0 && value->as_int() <= INT32_MAX) {
      out.push_back({std::string(row.gguf), static_cast<int32_t>(value->as_int())});
    }
  }
  return out;
}

json::Value GenerationConfig(const json::Value& metadata) {
  format::ModelFiles files;
  files.kind = format::ModelFiles::Kind::kGguf;
  files.metadata = metadata;
  const nn::SpecialTokens special = nn::ReadSpecialTokens(files);
  json::Value out = json::Object{};
  if (special.begin) out.Set("bos_token_id", static_cast<int64_t>(*special.begin));
  json::Array ends;
  for (nn::TokenId id : special.end) ends.emplace_back(static_cast<int64_t>(id));
  if (ends.size() == 1) {
    out.Set("eos_token_id", ends.front());
  } else if (!ends.empty()) {
    out.Set("eos_token_id", std::move(ends));
  }
  const json::Value* padding = metadata.Find("tokenizer.ggml.padding_token_id");
  if (padding && padding->is_int()) out.Set("pad_token_id", *padding);
  bool samples = false;
  for (const Sampling& row : kSampling) {
    const json::Value* value = metadata.Find(row.gguf);
    if (!value || !value->is_number()) continue;
    samples = true;
    out.Set(row.hf, row.integer
                        ? *value
                        : json::Value(nn::ShortestDouble(static_cast<float>(value->as_double()))));
  }
  if (samples) out.Set("do_sample", true);
  return out;
}

}  // namespace pano::convert
