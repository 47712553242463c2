#include "model/convert/to_gguf.h"

#include <algorithm>
#include <memory>

#include "base/env.h"
#include "base/path_exists.h"
#include "base/strings.h"
#include "model/convert/config_difference.h"
#include "model/convert/general_keys.h"
#include "model/convert/planned_weights.h"
#include "model/convert/rope_factors.h"
#include "model/convert/target_type.h"
#include "model/convert/tensor_plan.h"
#include "model/format/gguf_write.h"
#include "model/nn/families/family.h"
#include "model/nn/load.h"
#include "model/tokenizer/formats/gguf_vocabulary.h"
#include "model/tokenizer/formats/listed_tokens.h"

namespace pano::convert {
namespace {

using format::GgufEntry;
using Scaling = nn::RopeConfig::Scaling;
constexpr size_t kFileBytesMax = 256u << 20;

std::string_view ArchitectureOf(const nn::Family& family) {
  return family.gguf_name.empty() ? family.written_as : family.gguf_name;
}

Result<const nn::Family*> Reader(std::string_view architecture) {
  for (const nn::Family* family : nn::Families()) {
    if (!architecture.empty() && family->gguf_name == architecture && family->gguf_names)
      return family;
  }
  return Internal(StrCat("nothing reads the architecture '", architecture, "'"));
}

// A tensor of numbers that come from the description.
RowTensor Factors(const char* name, std::vector<float> values) {
  auto kept = std::make_shared<const std::vector<float>>(std::move(values));
  const auto count = static_cast<int64_t>(kept->size());
  const auto* bytes = reinterpret_cast<const std::byte*>(kept->data());
  RowTensor out;
  out.name = StrCat(name, ".weight");
  out.shape = {count};
  out.sources = {
      {out.name, {tensor::DType::kF32, {count}, bytes, kept->size() * sizeof(float)}, count}};
  out.place = [kept](int64_t row) { return RowPlace{0, row}; };
  out.matrix = false;
  return out;
}

void AddRopeFactors(const nn::RopeConfig& rope, const nn::WeightNames& names,
                    std::vector<RowTensor>& tensors) {
  if (rope.scaling == Scaling::kLlama3) {
    tensors.push_back(Factors(names.rope_factors, Llama3Factors(rope)));
  }
  if (rope.scaling != Scaling::kLongRope) return;
  for (auto [name, factors] : {std::pair{names.rope_long_factors, &rope.long_factors},
                               std::pair{names.rope_short_factors, &rope.short_factors}}) {
    std::vector<float> values;
    for (double factor : *factors) values.push_back(static_cast<float>(factor));
    tensors.push_back(Factors(name, std::move(values)));
  }
}

// What a reader of the file to be will understand.
Result<nn::ModelConfig> ReadBack(const std::vector<GgufEntry>& metadata,
                                 const std::vector<RowTensor>& tensors, const std::string& path) {
  format::ModelFiles files;
  files.kind = format::ModelFiles::Kind::kGguf;
  files.path = path;
  files.weights = std::make_shared<PlannedWeights>(tensors);
  files.metadata = json::Object{};
  for (const GgufEntry& entry : metadata)
    files.metadata.Set(entry.key, format::ToJson(entry.value));
  PANO_ASSIGN_OR_RETURN(nn::FamilyConfig family, nn::ReadFamilyConfig(files));
  return std::move(family.config);
}

// Refuses what would compute something else. Rows and norms are rewritten, factors are tensors:
// these may differ.
Status CheckSame(const nn::ModelConfig& from, nn::ModelConfig to, std::string_view architecture) {
  to.norm_offset = from.norm_offset;
  to.rope.interleaved = from.rope.interleaved;
  to.local_rope.interleaved = from.local_rope.interleaved;
  if (from.rope.scaling == Scaling::kLlama3 && to.rope.scaling == Scaling::kNone)
    to.rope = from.rope;
  if (from.rope.scaling == Scaling::kLongRope && to.rope.scaling == Scaling::kLongRope) {
    to.rope.long_factors = from.rope.long_factors;
    to.rope.short_factors = from.rope.short_factors;
  }
  const std::string difference = Difference(from, to);
  if (difference.empty()) return {};
  return Unimplemented(StrCat("architecture '", from.architecture, "': GGUF's '", architecture,
                              "' cannot say this: ", difference));
}

Result<std::vector<GgufEntry>> Vocabulary(const format::ModelFiles& files, int64_t rows,
                                          std::vector<std::string>& notes) {
  const std::string path = JoinPath(files.path, "tokenizer.json");
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(path));
  if (!there) {
    notes.push_back(StrCat(files.path, ": no tokenizer.json, the file has no vocabulary"));
    return std::vector<GgufEntry>{{"tokenizer.ggml.model", std::string("none")}};
  }
  tokenizer::HfVocabulary vocabulary;
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kFileBytesMax));
  PANO_ASSIGN_OR_RETURN(vocabulary.tokenizer, json::Parse(text, {.allow_nan = true}).Wrap(path));
  PANO_ASSIGN_OR_RETURN(vocabulary.config, tokenizer::ReadTokenizerConfig(files.path));
  PANO_RETURN_IF_ERROR(tokenizer::AddListedTokens(vocabulary.config, vocabulary.tokenizer));
  vocabulary.chat_template = files.chat_template;
  vocabulary.rows = rows;
  const nn::SpecialTokens special = nn::ReadSpecialTokens(files);
  vocabulary.bos = special.begin;
  vocabulary.end = special.end;
  PANO_ASSIGN_OR_RETURN(std::vector<GgufEntry> entries,
                        tokenizer::ToGgufVocabulary(vocabulary).Wrap(path));
  std::vector<std::string> names;
  for (const auto& [name, source] : files.named_templates) {
    names.push_back(name);
    entries.push_back({StrCat("tokenizer.chat_template.", name), source});
  }
  if (!names.empty()) entries.push_back({"tokenizer.chat_templates", std::move(names)});
  return entries;
}

}  // namespace

Result<Report> ToGguf(const format::ModelFiles& files, const Request& request) {
  PANO_ASSIGN_OR_RETURN(const nn::FamilyConfig from, nn::ReadFamilyConfig(files));
  const std::string_view architecture = ArchitectureOf(*from.family);
  if (architecture.empty() || !from.family->write_gguf) {
    return Unimplemented(
        StrCat(files.path, ": architecture '", from.family->name, "' is not written as GGUF"));
  }
  PANO_ASSIGN_OR_RETURN(const nn::Family* reader, Reader(architecture));
  const nn::WeightNames names = reader->gguf_names();
  Report report;
  report.architecture = from.family->name;

  // Names and shapes come first: the description is read back with them, and says how rows are
  // ordered.
  auto plan = [&](const nn::ModelConfig& to) -> Result<std::vector<RowTensor>> {
    PANO_ASSIGN_OR_RETURN(
        auto tensors,
        PlanTensors(*files.weights, {from.config, from.names}, {to, names}).Wrap(files.path));
    AddRopeFactors(from.config.rope, names, tensors);
    ChooseGgufTypes(request.type, tensors, report.notes);
    return tensors;
  };
  PANO_ASSIGN_OR_RETURN(std::vector<RowTensor> tensors, plan(from.config));
  std::vector<GgufEntry> metadata = GeneralKeys(architecture, files, tensors);
  nn::GgufFields fields;
  from.family->write_gguf(from.config, fields);
  for (GgufEntry& field : fields.entries) {
    metadata.push_back({StrCat(architecture, ".", field.key), std::move(field.value)});
  }
  PANO_ASSIGN_OR_RETURN(const nn::ModelConfig to, ReadBack(metadata, tensors, request.out));
  PANO_RETURN_IF_ERROR(CheckSame(from.config, to, architecture).Wrap(files.path));
  report.notes.clear();
  PANO_ASSIGN_OR_RETURN(tensors, plan(to));
  PANO_ASSIGN_OR_RETURN(std::vector<GgufEntry> vocabulary,
                        Vocabulary(files, from.config.vocab_size, report.notes));
  std::move(vocabulary.begin(), vocabulary.end(), std::back_inserter(metadata));
  std::move(fields.notes.begin(), fields.notes.end(), std::back_inserter(report.notes));

  std::vector<format::TensorStream> streams;
  for (RowTensor& tensor : tensors) {
    PANO_RETURN_IF_ERROR(CheckRows(tensor).Wrap(files.path));
    ++report.types[std::string(tensor::Describe(tensor.dtype).name)];
    streams.push_back(StreamOf(std::move(tensor)));
  }
  format::GuardSource(*files.weights, streams);
  report.tensors = streams.size();
  PANO_RETURN_IF_ERROR(format::WriteGguf(request.out, metadata, streams));
  return report;
}

}  // namespace pano::convert
