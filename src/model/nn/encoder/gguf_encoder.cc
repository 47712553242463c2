#include "model/nn/encoder/gguf_encoder.h"

#include <algorithm>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/families/family.h"
#include "model/nn/families/gguf_fields.h"

namespace pano::encoder {
namespace {

void ReadPooling(nn::ConfigReader& reader, EncoderConfig& config) {
  struct Type {
    int64_t number;
    const char* name;
    Pooling pooling;
  };
  constexpr Type kTypes[] = {
      {1, "mean", Pooling::kMean}, {2, "cls", Pooling::kFirst}, {3, "lasttoken", Pooling::kLast}};
  const int64_t number = reader.IntOr("pooling_type", -1, 1 << 20, 0);
  for (const Type& type : kTypes) {
    if (type.number != number) continue;
    config.pooling = type.name;
    config.heads.push_back({.output = "sentence_embedding", .pooling = type.pooling});
  }
  if (number > 3) {
    reader.Fail(
        Unimplemented(StrCat(reader.Field("pooling_type"), " ", number, " is not supported")));
  }
}

// Rows of a table; 0 where there is none.
Result<int64_t> TableRows(const format::ModelFiles& files, const char* name) {
  const tensor::TensorView* view = name ? files.weights->Find(StrCat(name, ".weight")) : nullptr;
  if (!view) return 0;
  if (view->shape.size() != 2)
    return Corruption(StrCat(files.path, ": tensor ", name, ".weight is no matrix"));
  return view->shape[0];
}

}  // namespace

void ReadGgufEncoder(nn::ConfigReader& reader, EncoderConfig& config) {
  config.text.emplace();
  config.text->names = GgufEncoderNames();
  nn::ModelConfig& model = config.text->model;
  nn::ReadGgufSizes(reader, model);
  nn::ReadGgufLayerNorm(reader, model);
  reader.MustEqual("attention.causal", false);
  config.max_length = model.context_length;
  config.heads = {HiddenState(TowerKind::kText)};
  ReadPooling(reader, config);
}

nn::WeightNames GgufEncoderNames() {
  nn::WeightNames names = nn::GgufNames();
  names.attention_post_norm = "blk.{}.attn_output_norm";
  names.ffn_post_norm = "blk.{}.layer_output_norm";
  return names;
}

Status ReadFromTensors(const format::ModelFiles& files, EncoderConfig& config) {
  nn::ModelConfig& model = config.text->model;
  const nn::WeightNames& names = config.text->names;
  PANO_ASSIGN_OR_RETURN(model.vocab_size, TableRows(files, names.embedding));
  PANO_ASSIGN_OR_RETURN(model.token_types, TableRows(files, names.token_types));
  if (model.vocab_size < 1)
    return Corruption(StrCat(files.path, ": tensor token_embd.weight is missing"));
  if (model.learned_positions == 0) return {};
  PANO_ASSIGN_OR_RETURN(model.learned_positions, TableRows(files, names.positions));
  config.max_length = std::min(config.max_length, model.learned_positions);
  model.context_length = config.max_length;
  return {};
}

}  // namespace pano::encoder
