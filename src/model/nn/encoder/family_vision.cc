// ViT (Dosovitskiy et al., 2021) and CLIP (Radford et al., "Learning transferable visual models
// from natural language supervision", 2021).
#include <algorithm>

#include "base/strings.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/families/hf_fields.h"

namespace pano::encoder {
namespace {

// A whole number, or two of them: height and width.
void ReadSide(nn::ConfigReader& reader, std::string_view key, int64_t fallback, int64_t& height,
              int64_t& width) {
  const json::Value value = reader.Raw(key);
  if (!value.is_array()) {
    height = width = reader.IntOr(key, 1, 1 << 15, fallback);
    return;
  }
  const json::Array& sides = value.as_array();
  auto good = [](const json::Value& side) {
    return side.is_int() && side.as_int() >= 1 && side.as_int() <= 1 << 15;
  };
  if (sides.size() != 2 || !good(sides[0]) || !good(sides[1])) {
    reader.Fail(Corruption(StrCat(reader.Field(key), " is no size")));
    return;
  }
  height = sides[0].as_int();
  width = sides[1].as_int();
}

void ReadPatches(nn::ConfigReader& reader, int64_t patch, PatchConfig& out) {
  ReadSide(reader, "image_size", 224, out.image.height, out.image.width);
  out.image.channels = reader.IntOr("num_channels", 1, 64, 3);
  int64_t height = patch, width = patch;
  ReadSide(reader, "patch_size", patch, height, width);
  out.patch = height;
  if (!reader.status().ok()) return;
  if (height != width) {
    reader.Fail(
        Unimplemented(StrCat(reader.Field("patch_size"), ": only square patches are supported")));
  } else if (out.image.height < height || out.image.width < height) {
    reader.Fail(Corruption(StrCat(reader.Field("patch_size"), " is larger than the image")));
  }
}

// Sizes of one stack; fields that are absent have the defaults of the original configuration.
struct TowerDefaults {
  int64_t hidden, ffn, layers, heads;
  double epsilon;
  const char* activation;
};
void ReadTower(nn::ConfigReader& reader, const TowerDefaults& d, nn::ModelConfig& model) {
  model.hidden_size = reader.IntOr("hidden_size", 1, nn::kSizeMax, d.hidden);
  model.ffn_size = reader.IntOr("intermediate_size", 1, nn::kSizeMax, d.ffn);
  model.layer_count = reader.IntOr("num_hidden_layers", 1, nn::kLayersMax, d.layers);
  model.head_count = model.kv_head_count =
      reader.IntOr("num_attention_heads", 1, nn::kHeadsMax, d.heads);
  model.head_dim = std::max<int64_t>(1, model.hidden_size / model.head_count);
  model.layers.assign(static_cast<size_t>(model.layer_count), {});
  nn::ReadHfLayerNorm(reader, "layer_norm_eps", /*bias=*/true, model);
  if (reader.Raw("layer_norm_eps").is_null()) model.norm_epsilon = static_cast<float>(d.epsilon);
  nn::ReadHfActivation(reader, "hidden_act", d.activation, model);
  model.causal = false;
  model.gated = false;
  model.qkv_bias = model.output_bias = model.mlp_bias = true;
}

nn::WeightNames VitNames() {
  nn::WeightNames names;
  names.final_norm = "vit.layernorm";
  names.attention_norm = "vit.encoder.layer.{}.layernorm_before";
  names.q = "vit.encoder.layer.{}.attention.attention.query";
  names.k = "vit.encoder.layer.{}.attention.attention.key";
  names.v = "vit.encoder.layer.{}.attention.attention.value";
  names.o = "vit.encoder.layer.{}.attention.output.dense";
  names.ffn_norm = "vit.encoder.layer.{}.layernorm_after";
  names.up = "vit.encoder.layer.{}.intermediate.dense";
  names.down = "vit.encoder.layer.{}.output.dense";
  return names;
}

void ReadVit(nn::ConfigReader& reader, std::string_view purpose, EncoderConfig& config) {
  config.image.emplace();
  config.image->names = VitNames();
  config.optional_prefix = "vit.";
  nn::ModelConfig& model = config.image->model;
  ReadTower(reader, {768, 3072, 12, 12, 1e-12, "gelu"}, model);
  model.qkv_bias = reader.BoolOr("qkv_bias", true);
  PatchConfig& patches = config.patches;
  ReadPatches(reader, 16, patches);
  if (!reader.status().ok()) return;
  patches.bias = true;
  patches.matrix = "vit.embeddings.patch_embeddings.projection";
  patches.first = "vit.embeddings.cls_token";
  patches.first_shape = {1, 1, model.hidden_size};
  patches.positions = "vit.embeddings.position_embeddings";
  patches.positions_shape = {1, patches.count() + 1, model.hidden_size};
  reader.Ignore({"encoder_stride"});
  const int64_t pooled = reader.IntOr("pooler_output_size", 1, nn::kSizeMax, model.hidden_size);
  const std::string act = reader.StringOr("pooler_act", "tanh");
  if (purpose == "Model") {
    if (act != "tanh") reader.MustEqual("pooler_act", "tanh");
    config.heads = {HiddenState(TowerKind::kImage),
                    {.output = "pooler_output",
                     .tower = TowerKind::kImage,
                     .pooling = Pooling::kFirst,
                     .stages = {Stage::Dense("vit.pooler.dense", pooled, true), Stage::Tanh()},
                     .optional = true}};
  } else if (purpose == "ImageClassification") {
    config.task = Task::kImageClassification;
    ReadLabels(reader, config);
    config.ignorable.emplace_back("vit.pooler.");
    config.heads = {
        Logits(Pooling::kFirst, {Stage::Dense("classifier", LabelCount(config), true)})};
    config.heads[0].tower = TowerKind::kImage;
  } else {
    RefusePurpose(reader, purpose);
  }
}

nn::WeightNames ClipTextNames() {
  nn::WeightNames names;
  names.embedding = "text_model.embeddings.token_embedding";
  names.positions = "text_model.embeddings.position_embedding";
  names.final_norm = "text_model.final_layer_norm";
  names.attention_norm = "text_model.encoder.layers.{}.layer_norm1";
  names.q = "text_model.encoder.layers.{}.self_attn.q_proj";
  names.k = "text_model.encoder.layers.{}.self_attn.k_proj";
  names.v = "text_model.encoder.layers.{}.self_attn.v_proj";
  names.o = "text_model.encoder.layers.{}.self_attn.out_proj";
  names.ffn_norm = "text_model.encoder.layers.{}.layer_norm2";
  names.up = "text_model.encoder.layers.{}.mlp.fc1";
  names.down = "text_model.encoder.layers.{}.mlp.fc2";
  return names;
}

nn::WeightNames ClipVisionNames() {
  nn::WeightNames names;
  names.embedding_norm = "vision_model.pre_layrnorm";  // so spelt in the files
  names.final_norm = "vision_model.post_layernorm";
  names.attention_norm = "vision_model.encoder.layers.{}.layer_norm1";
  names.q = "vision_model.encoder.layers.{}.self_attn.q_proj";
  names.k = "vision_model.encoder.layers.{}.self_attn.k_proj";
  names.v = "vision_model.encoder.layers.{}.self_attn.v_proj";
  names.o = "vision_model.encoder.layers.{}.self_attn.out_proj";
  names.ffn_norm = "vision_model.encoder.layers.{}.layer_norm2";
  names.up = "vision_model.encoder.layers.{}.mlp.fc1";
  names.down = "vision_model.encoder.layers.{}.mlp.fc2";
  return names;
}

void ReadClipText(nn::ConfigReader& reader, EncoderConfig& config) {
  config.text.emplace();
  config.text->names = ClipTextNames();
  nn::ModelConfig& model = config.text->model;
  ReadTower(reader, {512, 2048, 12, 8, 1e-5, "quick_gelu"}, model);
  model.causal = true;
  model.vocab_size = reader.IntOr("vocab_size", 1, nn::kSizeMax, 49408);
  model.context_length = model.learned_positions =
      reader.IntOr("max_position_embeddings", 1, nn::kSizeMax, 77);
  config.max_length = model.context_length;
  // Files that say 2 were made before the end token was looked at: their end is the largest id.
  const int64_t end = reader.IntOr("eos_token_id", 0, nn::kSizeMax, 49407);
  if (end != 2) config.end_token = static_cast<nn::TokenId>(end);
}

void ReadClipVision(nn::ConfigReader& reader, EncoderConfig& config) {
  config.image.emplace();
  config.image->names = ClipVisionNames();
  nn::ModelConfig& model = config.image->model;
  ReadTower(reader, {768, 3072, 12, 12, 1e-5, "quick_gelu"}, model);
  model.embedding_norm = true;
  PatchConfig& patches = config.patches;
  ReadPatches(reader, 32, patches);
  if (!reader.status().ok()) return;
  patches.matrix = "vision_model.embeddings.patch_embedding";
  patches.first = "vision_model.embeddings.class_embedding";
  patches.first_shape = {model.hidden_size};
  patches.positions = "vision_model.embeddings.position_embedding.weight";
  patches.positions_shape = {patches.count() + 1, model.hidden_size};
}

void ReadClip(nn::ConfigReader& reader, std::string_view purpose, EncoderConfig& config) {
  if (purpose != "Model") return RefusePurpose(reader, purpose);
  config.task = Task::kImageText;
  const int64_t size = reader.IntOr("projection_dim", 1, nn::kSizeMax, 512);
  reader.Ignore({"logit_scale_init_value", "text_config_dict", "vision_config_dict"});
  for (const char* key : {"text_config", "vision_config"}) {
    const json::Value object = reader.Raw(key);
    if (!object.is_null() && !object.is_object()) {
      reader.Fail(Corruption(StrCat(reader.Field(key), " is no object")));
      return;
    }
    // A scope of its own: what else stands there is a whole configuration with every default.
    const json::Value empty{json::Object()};
    nn::ConfigReader part(object.is_null() ? empty : object, reader.Field(key));
    key[0] == 't' ? ReadClipText(part, config) : ReadClipVision(part, config);
    if (!part.status().ok()) return reader.Fail(part.status());
  }
  config.logit_scale = "logit_scale";
  config.heads = {
      {.output = "text_embeds",
       .pooling = Pooling::kEnd,
       .stages = {Stage::Dense("text_projection", size, false), Stage::UnitLength()}},
      {.output = "image_embeds",
       .tower = TowerKind::kImage,
       .pooling = Pooling::kFirst,
       .stages = {Stage::Dense("visual_projection", size, false), Stage::UnitLength()}}};
}

}  // namespace

extern const EncoderFamily kVit, kClip;
const EncoderFamily kVit = {"vit", "", ReadVit, nullptr};
const EncoderFamily kClip = {"clip", "", ReadClip, nullptr};

}  // namespace pano::encoder
