#include "model/convert/to_hf.h"

#include <algorithm>
#include <memory>

#include "base/env.h"
#include "base/strings.h"
#include "model/convert/config_difference.h"
#include "model/convert/general_keys.h"
#include "model/convert/output.h"
#include "model/convert/rope_factors.h"
#include "model/convert/target_type.h"
#include "model/convert/tensor_plan.h"
#include "model/format/safetensors_write.h"
#include "model/format/weights.h"
#include "model/nn/families/family.h"
#include "model/nn/families/hf_writing.h"
#include "model/tensor/blocks.h"
#include "model/tokenizer/formats/gguf_vocabulary.h"

namespace pano::convert {
namespace {

using Scaling = nn::RopeConfig::Scaling;

std::vector<float> ReadFactors(const format::Weights& weights, const char* name) {
  const tensor::TensorView* view = name ? weights.Find(StrCat(name, ".weight")) : nullptr;
  if (!view || !tensor::DecoderOf(view->dtype)) return {};
  std::vector<float> out(static_cast<size_t>(view->elements()));
  tensor::DecoderOf(view->dtype)(view->data, out.size(), out.data());
  return out;
}

// Rope scalings that a GGUF file holds as tensors become fields.
Status ReadRopeFactors(const format::ModelFiles& files, nn::FamilyConfig& family) {
  nn::RopeConfig& rope = family.config.rope;
  const std::vector<float> factors = ReadFactors(*files.weights, family.names.rope_factors);
  if (!factors.empty()) {
    const auto found = rope.scaling == Scaling::kNone
                           ? FindLlama3Scaling(rope, factors, family.config.context_length)
                           : std::nullopt;
    if (!found) {
      return Unimplemented(StrCat(files.path, ": tensor ", family.names.rope_factors,
                                  ".weight is no scaling that config.json has a name for"));
    }
    rope = *found;
  }
  std::vector<double> sets[2];
  for (auto [name, set] : {std::pair{family.names.rope_long_factors, &sets[0]},
                           std::pair{family.names.rope_short_factors, &sets[1]}}) {
    for (float factor : ReadFactors(*files.weights, name))
      set->push_back(nn::ShortestDouble(factor));
  }
  if (sets[0].empty() || sets[1].empty()) return {};
  rope.scaling = Scaling::kLongRope;
  rope.long_factors = std::move(sets[0]);
  rope.short_factors = std::move(sets[1]);
  return {};
}

struct Described {
  const nn::Family* family = nullptr;
  json::Value config;    // config.json
  nn::ModelConfig read;  // what a reader understands
};

Result<nn::ModelConfig> ReadBack(const json::Value& config, const std::string& path) {
  format::ModelFiles files;
  files.kind = format::ModelFiles::Kind::kHuggingFace;
  files.path = path;
  files.config = config;
  PANO_ASSIGN_OR_RETURN(nn::FamilyConfig family, nn::ReadFamilyConfig(files));
  return std::move(family.config);
}

// The first family that is written as `architecture` in GGUF and can say all that `from` says.
Result<Described> Describe(const nn::ModelConfig& from, std::string_view architecture,
                           const std::string& out) {
  Status refusal = Unimplemented(StrCat("architecture '", architecture,
                                        "' is not written as a Hugging "
                                        "Face folder"));
  bool first = true;
  for (const nn::Family* family : nn::Families()) {
    const bool written = family->gguf_name == architecture || family->written_as == architecture;
    if (!written || !family->write_hf) continue;
    Described described{family, json::Object{}, {}};
    described.config.Set("architectures", json::Array{family->hf_class});
    described.config.Set("model_type", family->name);
    family->write_hf(from, described.config);
    Result<nn::ModelConfig> read = ReadBack(described.config, out);
    Status status = read.error();
    if (read.ok()) {
      described.read = std::move(*read);
      nn::ModelConfig same = described.read;
      same.norm_offset = from.norm_offset;
      same.rope.interleaved = from.rope.interleaved;
      same.local_rope.interleaved = from.local_rope.interleaved;
      const std::string difference = Difference(from, same);
      if (difference.empty()) return described;
      status = Unimplemented(StrCat("architecture '", architecture, "': config.json of '",
                                    family->name, "' cannot say this: ", difference));
    }
    if (first) refusal = std::move(status);
    first = false;
  }
  return refusal;
}

std::string Pretty(const json::Value& value) { return json::Dump(value, {.indent = 2}) + "\n"; }

void FinishConfig(const std::vector<RowTensor>& tensors, const json::Value& generation,
                  json::Value& config) {
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"}) {
    if (const json::Value* id = generation.Find(key)) config.Set(key, *id);
  }
  std::map<tensor::DType, int64_t> elements;
  for (const RowTensor& tensor : tensors)
    elements[tensor.dtype] += *tensor::ElementCount(tensor.shape);
  tensor::DType main = tensor::DType::kF32;
  int64_t most = 0;
  for (const auto& [dtype, count] : elements) {
    if (count > most) most = count, main = dtype;
  }
  config.Set("torch_dtype", main == tensor::DType::kF16    ? "float16"
                            : main == tensor::DType::kBF16 ? "bfloat16"
                                                           : "float32");
}

Status WriteVocabulary(const format::ModelFiles& files, int64_t context_length,
                       FolderWriter& folder, std::vector<std::string>& notes) {
  PANO_ASSIGN_OR_RETURN(tokenizer::HfTokenizerFiles vocabulary,
                        tokenizer::ToHfTokenizer(files.metadata).Wrap(files.path));
  if (vocabulary.tokenizer.is_null()) {
    notes.push_back(StrCat(files.path, ": has no vocabulary, no tokenizer.json is written"));
    return {};
  }
  vocabulary.config.Set("model_max_length", context_length);
  if (!files.chat_template.empty()) vocabulary.config.Set("chat_template", files.chat_template);
  if (!files.named_templates.empty()) {
    json::Array list;
    auto add = [&](const std::string& name, const std::string& text) {
      list.push_back(json::Object{{"name", name}, {"template", text}});
    };
    if (!files.chat_template.empty()) add("default", files.chat_template);
    for (const auto& [name, text] : files.named_templates) add(name, text);
    vocabulary.config.Set("chat_template", std::move(list));
  }
  PANO_RETURN_IF_ERROR(folder.Write("tokenizer.json", Pretty(vocabulary.tokenizer)));
  return folder.Write("tokenizer_config.json", Pretty(vocabulary.config));
}

}  // namespace

Result<Report> ToHuggingFace(const format::ModelFiles& files, const Request& request) {
  PANO_ASSIGN_OR_RETURN(nn::FamilyConfig from, nn::ReadFamilyConfig(files));
  PANO_RETURN_IF_ERROR(ReadRopeFactors(files, from));
  PANO_ASSIGN_OR_RETURN(
      Described to, Describe(from.config, from.family->gguf_name, request.out).Wrap(files.path));
  const nn::WeightNames names = to.family->hf_names();
  PANO_ASSIGN_OR_RETURN(
      std::vector<RowTensor> tensors,
      PlanTensors(*files.weights, {from.config, from.names}, {to.read, names}).Wrap(files.path));
  ChooseHfTypes(request.type, tensors);
  const json::Value generation = GenerationConfig(files.metadata);
  FinishConfig(tensors, generation, to.config);

  Report report;
  report.architecture = to.family->name;
  report.tensors = tensors.size();
  std::vector<format::TensorStream> streams;
  for (RowTensor& tensor : tensors) {
    PANO_RETURN_IF_ERROR(CheckRows(tensor).Wrap(files.path));
    ++report.types[std::string(tensor::Describe(tensor.dtype).name)];
    streams.push_back(StreamOf(std::move(tensor)));
  }
  format::GuardSource(*files.weights, streams);
  FolderWriter folder(request.out);
  PANO_RETURN_IF_ERROR(folder.Create());
  PANO_RETURN_IF_ERROR(folder.Write("config.json", Pretty(to.config)));
  PANO_RETURN_IF_ERROR(folder.Write("generation_config.json", Pretty(generation)));
  PANO_RETURN_IF_ERROR(WriteVocabulary(files, from.config.context_length, folder, report.notes));
  PANO_RETURN_IF_ERROR(format::StreamSafetensors(JoinPath(folder.path(), "model.safetensors"),
                                                 streams, {{"format", "pt"}}));
  PANO_RETURN_IF_ERROR(folder.Commit());
  return report;
}

}  // namespace pano::convert
