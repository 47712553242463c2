#include "model/nn/reference/drawn_encoder.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/nn/reference/drawn_decoder.h"
#include "model/nn/reference/random_config.h"

namespace pano::reference {
namespace {

using encoder::EncoderConfig;
using encoder::HeadConfig;
using encoder::Pooling;
using encoder::Stage;
using encoder::TowerKind;

class Draw {
 public:
  explicit Draw(Random& random) : random_(random) {}

  EncoderConfig Config() {
    EncoderConfig c;
    c.architecture = "drawn";
    c.pooling = "drawn";  // no sentence_embedding beside the heads
    c.text = {nn::ModelConfig(), AllNames("text.")};
    c.text->model = DrawEncoderStack(random_, Hidden(), Between(11, 37));
    c.max_length = 40;
    const bool cross = Chance(0.35);
    if (cross) {
      c.task = encoder::Task::kSequenceToSequence;
      c.decoder = {nn::ModelConfig(), AllNames("decoder.")};
      c.decoder->model =
          DrawCrossStack(random_, c.text->model.hidden_size, c.text->model.vocab_size);
    } else if (Chance(0.4)) {
      Image(c);
    }
    if (!cross && c.text->model.learned_positions > 0 && Chance(0.5)) {
      c.position_pad = static_cast<nn::TokenId>(Between(0, 2));
    }
    if (Chance(0.5)) c.end_token = static_cast<nn::TokenId>(Between(3, 10));
    Heads(c, cross);
    return c;
  }

  encoder::EncoderBatch Batch(const EncoderConfig& c) {
    encoder::EncoderBatch batch;
    const nn::ModelConfig& text = c.text->model;
    for (int i = 0; i < 3; ++i) {
      encoder::TextRow& row = batch.texts.emplace_back();
      row.ids = Ids(Between(1, c.max_length), text.vocab_size);
      if (text.token_types > 0 && Chance(0.7)) {
        for (size_t r = 0; r < row.ids.size(); ++r) {
          row.types.push_back(static_cast<int32_t>(Between(0, text.token_types - 1)));
        }
      }
      if (Chance(0.7)) Mask(c, row);
      if (c.decoder) {
        batch.decoder_ids.push_back(Ids(Between(1, c.max_length), c.decoder->model.vocab_size));
      }
    }
    for (int i = 0; c.image && i < 2; ++i) {
      std::vector<float>& image = batch.images.emplace_back();
      const encoder::ImageInput& shape = c.patches.image;
      for (int64_t p = 0; p < shape.channels * shape.height * shape.width; ++p) {
        image.push_back(static_cast<float>(Real(-2, 2)));
      }
    }
    return batch;
  }

 private:
  bool Chance(double p) { return random_.Uniform() < p; }
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(high - low + 1)));
  }
  double Real(double low, double high) { return low + (high - low) * random_.Uniform(); }
  int64_t Hidden() { return 4 * Between(3, 10); }
  std::vector<nn::TokenId> Ids(int64_t count, int64_t vocab) {
    std::vector<nn::TokenId> ids;
    for (int64_t i = 0; i < count; ++i) {
      ids.push_back(static_cast<nn::TokenId>(Between(0, vocab - 1)));
    }
    return ids;
  }

  void Image(EncoderConfig& c) {
    c.image = {nn::ModelConfig(), AllNames("image.")};
    nn::ModelConfig& model = c.image->model;
    model = DrawEncoderStack(random_, Hidden(), 0);
    model.causal = false;
    model.learned_positions = model.token_types = 0;
    c.image->names.embedding = nullptr;
    encoder::PatchConfig& p = c.patches;
    p.patch = Between(2, 4);
    p.image = {Between(1, 3), p.patch * Between(1, 4), p.patch * Between(1, 4)};
    p.bias = Chance(0.5);
    p.matrix = "image.patches";
    p.first = "image.first";
    p.first_shape = {1, 1, model.hidden_size};
    p.positions = "image.positions";
    p.positions_shape = {1, p.count() + 1, model.hidden_size};
  }

  // Up to three stages behind rows of `size`, which becomes what they give.
  std::vector<Stage> Stages(const std::string& name, const nn::ModelConfig& model, bool embeds,
                            int64_t& size) {
    std::vector<Stage> stages;
    const int64_t count = Between(0, 3);
    for (int64_t i = 0; i < count; ++i) {
      const std::string own = StrCat(name, ".", i);
      switch (Between(0, embeds && size == model.hidden_size ? 6 : 5)) {
        case 0:
          size = Between(2, 20);
          stages.push_back(Stage::Dense(own, size, Chance(0.5)));
          break;
        case 1:
          stages.push_back(Stage::Activate(model.activation));
          break;
        case 2:
          stages.push_back(Stage::Tanh());
          break;
        case 3:
          stages.push_back(Stage::Norm(own));
          break;
        case 4:
          stages.push_back(Stage::Scale(static_cast<float>(Real(0.2, 3))));
          break;
        case 5:
          stages.push_back(Stage::UnitLength());
          break;
        default:
          size = model.vocab_size;
          stages.push_back(Stage::Embedding(size, Chance(0.5) ? own + ".bias" : ""));
          break;
      }
    }
    return stages;
  }

  void AddHead(EncoderConfig& c, TowerKind tower, Pooling pooling, const std::string& output) {
    const nn::ModelConfig& model = tower == TowerKind::kText    ? c.text->model
                                   : tower == TowerKind::kImage ? c.image->model
                                                                : c.decoder->model;
    int64_t size = model.hidden_size;
    HeadConfig head{.output = output, .tower = tower, .pooling = pooling};
    head.stages = Stages("heads." + output, model, tower != TowerKind::kImage, size);
    c.heads.push_back(std::move(head));
  }

  void Heads(EncoderConfig& c, bool cross) {
    c.heads.push_back({.output = "last_hidden_state"});
    AddHead(c, TowerKind::kText, Pooling::kNone, "rows");
    for (auto [pooling, name] : {std::pair(Pooling::kMean, "mean"),
                                 {Pooling::kMeanSqrt, "sqrt"},
                                 {Pooling::kMax, "max"},
                                 {Pooling::kLast, "last"}}) {
      if (Chance(0.5)) AddHead(c, TowerKind::kText, pooling, name);
    }
    if (!cross && Chance(0.7)) {  // one a model: its row is computed even where it is masked
      AddHead(c, TowerKind::kText, Chance(0.5) ? Pooling::kFirst : Pooling::kEnd, "pooled");
    }
    if (cross) AddHead(c, TowerKind::kDecoder, Pooling::kNone, "logits");
    if (!c.image) return;
    AddHead(c, TowerKind::kImage, Pooling::kNone, "patches");
    AddHead(c, TowerKind::kImage, Chance(0.5) ? Pooling::kFirst : Pooling::kMean, "image");
    if (!Chance(0.5)) return;
    // As CLIP does.
    c.logit_scale = "logit_scale";
    for (auto [tower, name] :
         {std::pair(TowerKind::kText, "text_embeds"), {TowerKind::kImage, "image_embeds"}}) {
      c.heads.push_back(
          {.output = name,
           .tower = tower,
           .pooling = Pooling::kMean,
           .stages = {Stage::Dense(StrCat("heads.", name), 9, false), Stage::UnitLength()}});
    }
  }

  // Leaves ids out anywhere, but something is left; a row that is pooled by its place stays where
  // it could see nothing otherwise.
  void Mask(const EncoderConfig& c, encoder::TextRow& row) {
    const bool plain = !c.text->model.causal &&
                       std::ranges::all_of(c.text->model.layers, [](const nn::LayerConfig& layer) {
                         return layer.window == 0;
                       });
    row.mask.assign(row.ids.size(), 1);
    for (uint8_t& keep : row.mask) keep = Chance(0.7);
    row.mask[random_.Below(row.mask.size())] = 1;
    const bool by_place = std::ranges::any_of(c.heads, [](const HeadConfig& head) {
      return head.pooling == Pooling::kFirst || head.pooling == Pooling::kEnd;
    });
    if (by_place && !plain) row.mask.clear();
  }

  Random& random_;
};

DrawnEncoder Attempt(uint64_t seed) {
  DrawnEncoder out;
  Random random(seed);
  Draw draw(random);
  out.config = draw.Config();
  out.batch = draw.Batch(out.config);
  const double offset = out.config.text->model.norm_offset;
  DrawnTensors source(seed, 1.0 - offset);
  const EncoderTensors tensors = ReadEncoder(source, out.config);
  out.files.kind = format::ModelFiles::Kind::kSafetensors;
  out.files.path = StrCat("encoder of seed ", seed);
  out.files.weights = source.weights();
  Trace trace;
  out.outputs = EncoderOutputs(out.config, tensors, out.batch, trace);
  // Several times: an output may be a few numbers, which one rounding may happen to leave alone.
  out.bounds.assign(out.outputs.size(), trace.routing_margin < kRoutingMargin ? 1.0 : 0.0);
  for (uint64_t times = 0; times < 4; ++times) {
    PerturbedTensors perturbed(source, seed + times);
    const std::vector<EncoderOutput> moved =
        EncoderOutputs(out.config, ReadEncoder(perturbed, out.config), out.batch, trace);
    for (size_t i = 0; i < moved.size(); ++i) {
      out.bounds[i] = std::max(out.bounds[i], BoundOf(Difference(moved[i], out.outputs[i])));
    }
  }
  return out;
}

struct Kind {
  const char* name;
  bool (*has)(const DrawnEncoder&);
};
using D = const DrawnEncoder&;
template <typename Has>
bool AnyHead(D d, Has has) {
  return std::ranges::any_of(d.config.heads, has);
}
bool HasStage(D d, Stage::Kind kind) {
  return AnyHead(d, [&](const HeadConfig& head) {
    return std::ranges::any_of(head.stages, [&](const Stage& s) { return s.kind == kind; });
  });
}
bool HasPooling(D d, Pooling pooling) {
  return AnyHead(d, [&](const HeadConfig& head) { return head.pooling == pooling; });
}
bool Masked(D d) {
  return std::ranges::any_of(d.batch.texts, [](const encoder::TextRow& row) {
    return std::ranges::count(row.mask, 0) > 0;
  });
}
bool Windows(const nn::ModelConfig& c) {
  return std::ranges::any_of(c.layers, [](const nn::LayerConfig& l) { return l.window > 0; });
}
constexpr Kind kKinds[] = {
    {"bidirectional", [](D d) { return !d.config.text->model.causal; }},
    {"bidirectional: window, with a mask",
     [](D d) {
       return !d.config.text->model.causal && Windows(d.config.text->model) && Masked(d);
     }},
    {"bidirectional: relative positions, with a mask",
     [](D d) {
       return !d.config.text->model.causal && d.config.text->model.relative_buckets > 0 &&
              Masked(d);
     }},
    {"causal text, with a mask", [](D d) { return d.config.text->model.causal && Masked(d); }},
    {"cross attention", [](D d) { return d.config.decoder.has_value(); }},
    {"cross attention: groups",
     [](D d) {
       return d.config.decoder &&
              d.config.decoder->model.head_count > d.config.decoder->model.kv_head_count;
     }},
    {"cross attention: relative positions",
     [](D d) { return d.config.decoder && d.config.decoder->model.relative_buckets > 0; }},
    {"cross attention: experts",
     [](D d) { return d.config.decoder && d.config.decoder->model.experts.count > 0; }},
    {"token types", [](D d) { return d.config.text->model.token_types > 1; }},
    {"learned positions", [](D d) { return d.config.text->model.learned_positions > 0; }},
    {"positions without padding", [](D d) { return d.config.position_pad.has_value(); }},
    {"images", [](D d) { return d.config.image.has_value(); }},
    {"images: window", [](D d) { return d.config.image && Windows(d.config.image->model); }},
    {"images: rotary", [](D d) { return d.config.image && d.config.image->model.rope.dim > 0; }},
    {"images with texts", [](D d) { return !d.config.logit_scale.empty(); }},
    {"pooling: first", [](D d) { return HasPooling(d, Pooling::kFirst); }},
    {"pooling: mean", [](D d) { return HasPooling(d, Pooling::kMean); }},
    {"pooling: mean by the root", [](D d) { return HasPooling(d, Pooling::kMeanSqrt); }},
    {"pooling: max", [](D d) { return HasPooling(d, Pooling::kMax); }},
    {"pooling: last", [](D d) { return HasPooling(d, Pooling::kLast); }},
    {"pooling: end token",
     [](D d) { return HasPooling(d, Pooling::kEnd) && d.config.end_token.has_value(); }},
    {"pooling: largest id",
     [](D d) { return HasPooling(d, Pooling::kEnd) && !d.config.end_token.has_value(); }},
    {"stage: matrix", [](D d) { return HasStage(d, Stage::Kind::kDense); }},
    {"stage: embeddings", [](D d) { return HasStage(d, Stage::Kind::kEmbedding); }},
    {"stage: activation", [](D d) { return HasStage(d, Stage::Kind::kActivation); }},
    {"stage: tanh", [](D d) { return HasStage(d, Stage::Kind::kTanh); }},
    {"stage: norm", [](D d) { return HasStage(d, Stage::Kind::kNorm); }},
    {"stage: scale", [](D d) { return HasStage(d, Stage::Kind::kScale); }},
    {"stage: unit length", [](D d) { return HasStage(d, Stage::Kind::kUnitLength); }},
};

}  // namespace

DrawnEncoder MakeEncoder(uint64_t seed) {
  constexpr uint64_t kTries = 50;
  for (uint64_t tries = 0; tries < kTries; ++tries) {
    DrawnEncoder out = Attempt(seed + (tries << 32));
    if (std::ranges::all_of(out.bounds, [](double bound) { return bound < kF32Bound; })) return out;
  }
  PANO_CHECK(false);
  return {};
}

std::vector<EncoderOutput> OutputsAs(const DrawnEncoder& drawn, const EncoderConfig& config,
                                     const encoder::EncoderBatch& batch) {
  StoredTensors source(*drawn.files.weights);
  Trace trace;
  return EncoderOutputs(config, ReadEncoder(source, config), batch, trace);
}

double Difference(const EncoderOutput& a, const EncoderOutput& b) {
  return Difference(a.rows, b.rows);
}

std::vector<std::string> AllEncoderKinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

std::set<std::string> EncoderKinds(const DrawnEncoder& drawn) {
  std::set<std::string> names;
  for (const Kind& kind : kKinds) {
    if (kind.has(drawn)) names.insert(kind.name);
  }
  return names;
}

}  // namespace pano::reference
