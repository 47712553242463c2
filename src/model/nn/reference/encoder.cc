#include "model/nn/reference/encoder.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace pano::reference {
namespace {

using encoder::EncoderConfig;
using encoder::HeadConfig;
using encoder::Pooling;
using encoder::Stage;
using encoder::TextRow;
using encoder::TowerConfig;
using encoder::TowerKind;
using Use = TensorSource::Use;

size_t Size(int64_t n) { return static_cast<size_t>(n); }

const TowerConfig& TowerOf(const EncoderConfig& config, TowerKind kind) {
  return kind == TowerKind::kText    ? *config.text
         : kind == TowerKind::kImage ? *config.image
                                     : *config.decoder;
}

std::vector<StageTensors> ReadStages(TensorReader& reader, const HeadConfig& head,
                                     const nn::ModelConfig& tower) {
  std::vector<StageTensors> out;
  int64_t size = tower.hidden_size;
  for (const Stage& stage : head.stages) {
    StageTensors& w = out.emplace_back();
    if (stage.kind == Stage::Kind::kDense) {
      w.dense.weight = reader.Table(stage.name, stage.size, size, Use::kMatrix);
    }
    if (stage.kind == Stage::Kind::kDense || stage.kind == Stage::Kind::kEmbedding) {
      size = stage.size;
    }
    if (stage.kind == Stage::Kind::kNorm) {
      w.norm = reader.NormOf(stage.name, size, tower.norm_bias);
    }
    if (stage.bias_name.empty()) continue;
    const size_t bar = stage.bias_name.find('|');
    std::string name = stage.bias_name.substr(0, bar);
    if (bar != std::string::npos && !reader.Has(name)) name = stage.bias_name.substr(bar + 1);
    w.dense.bias = reader.Values(name, {size}, Use::kBias);
  }
  return out;
}

void ReadPatches(TensorReader& reader, const encoder::PatchConfig& c, int64_t hidden,
                 EncoderTensors& out) {
  const int64_t in = c.image.channels * c.patch * c.patch;
  out.patches.weight =
      Matrix(Size(hidden), Size(in),
             reader.Values(c.matrix + ".weight", {hidden, c.image.channels, c.patch, c.patch},
                           Use::kMatrix));
  if (c.bias) out.patches.bias = reader.Values(c.matrix + ".bias", {hidden}, Use::kBias);
  out.first = reader.Values(c.first, c.first_shape, Use::kEmbedding);
  out.image_positions = Matrix(Size(c.count() + 1), Size(hidden),
                               reader.Values(c.positions, c.positions_shape, Use::kEmbedding));
}

// The rows that a stack gave for one input, and which of them the mask kept.
struct TowerRows {
  Matrix x;
  std::vector<bool> kept;
  size_t pooled = 0;  // the row of Pooling::kFirst or kEnd
};

// Where a text ends: at the first end token, else at its first id; without one at the largest id.
size_t EndOf(const EncoderConfig& c, const TextRow& row) {
  if (!c.end_token) return Size(std::ranges::max_element(row.ids) - row.ids.begin());
  const auto at = std::ranges::find(row.ids, *c.end_token);
  return at == row.ids.end() ? 0 : Size(at - row.ids.begin());
}

Matrix EmbedText(const EncoderConfig& c, const ModelTensors& w, const TextRow& row, size_t hidden) {
  Matrix x(row.ids.size(), hidden);
  int64_t counted = 0;
  for (size_t r = 0; r < x.rows; ++r) {
    // As in fairseq: positions count from one behind the padding's own, which padding keeps.
    int64_t position = static_cast<int64_t>(r);
    if (c.position_pad) {
      const bool pad = row.ids[r] == *c.position_pad;
      position = *c.position_pad + (pad ? 0 : ++counted);
    }
    const size_t type = row.types.empty() ? 0 : Size(row.types[r]);
    for (size_t d = 0; d < hidden; ++d) {
      double& value = x.row(r)[d];
      value = w.embedding.at(Size(row.ids[r]), d);
      if (w.token_types.rows > 0) value += w.token_types.at(type, d);
      if (w.positions.rows > 0) value += w.positions.at(Size(position), d);
    }
  }
  return x;
}

TowerRows RunText(const EncoderConfig& c, const TowerConfig& tower, const ModelTensors& w,
                  const TextRow& row, const Matrix* memory, Trace& trace) {
  TowerRows out;
  out.x = EmbedText(c, w, row, Size(tower.model.hidden_size));
  Sequence sequence;
  sequence.memory = memory;
  sequence.length = static_cast<int64_t>(row.ids.size());
  for (size_t r = 0; r < row.ids.size(); ++r) {
    sequence.positions.push_back(static_cast<int64_t>(r));
    out.kept.push_back(row.mask.empty() || row.mask[r] != 0);
  }
  sequence.seen = out.kept;
  RunLayers(tower.model, w, sequence, out.x, trace);
  return out;
}

TowerRows RunImage(const EncoderConfig& c, const EncoderTensors& w, const std::vector<float>& image,
                   Trace& trace) {
  const encoder::PatchConfig& p = c.patches;
  const size_t size = Size(p.patch), width = Size(p.image.width), height = Size(p.image.height);
  const size_t across = width / size, hidden = w.first.size();
  TowerRows out;
  out.x = Matrix(Size(p.count()) + 1, hidden);
  std::ranges::copy(w.first, out.x.row(0).begin());
  for (size_t patch = 0; patch < Size(p.count()); ++patch) {
    Vector pixels;
    for (size_t channel = 0; channel < Size(p.image.channels); ++channel) {
      for (size_t y = 0; y < size; ++y) {
        for (size_t x = 0; x < size; ++x) {
          const size_t top = patch / across * size + y, left = patch % across * size + x;
          pixels.push_back(image[(channel * height + top) * width + left]);
        }
      }
    }
    std::ranges::copy(Apply(w.patches, pixels), out.x.row(patch + 1).begin());
  }
  Sequence sequence;
  sequence.length = static_cast<int64_t>(out.x.rows);
  for (size_t r = 0; r < out.x.rows; ++r) {
    sequence.positions.push_back(static_cast<int64_t>(r));
    for (size_t d = 0; d < hidden; ++d) out.x.row(r)[d] += w.image_positions.at(r, d);
  }
  out.kept.assign(out.x.rows, true);
  RunLayers(c.image->model, *w.image, sequence, out.x, trace);
  return out;
}

// One vector, or the rows as they are.
Matrix Pool(const TowerRows& rows, Pooling pooling) {
  if (pooling == Pooling::kNone) return rows.x;
  Matrix out(1, rows.x.cols);
  if (pooling == Pooling::kFirst || pooling == Pooling::kEnd) {
    std::ranges::copy(rows.x.row(rows.pooled), out.row(0).begin());
    return out;
  }
  double count = 0;
  for (size_t r = 0; r < rows.x.rows; ++r) {
    if (!rows.kept[r]) continue;
    for (size_t d = 0; d < out.cols; ++d) {
      double& to = out.row(0)[d];
      const double value = rows.x.at(r, d);
      if (pooling == Pooling::kMax) to = count == 0 ? value : std::max(to, value);
      if (pooling == Pooling::kLast) to = value;
      if (pooling == Pooling::kMean || pooling == Pooling::kMeanSqrt) to += value;
    }
    count += 1;
  }
  const double divisor = pooling == Pooling::kMean       ? count
                         : pooling == Pooling::kMeanSqrt ? std::sqrt(count)
                                                         : 1.0;
  for (double& value : out.values) value /= divisor;
  return out;
}

Matrix RunStage(const Stage& stage, const StageTensors& w, const nn::ModelConfig& tower,
                const ModelTensors& tensors, Matrix x) {
  switch (stage.kind) {
    case Stage::Kind::kDense:
      return Apply(w.dense, x);
    case Stage::Kind::kEmbedding:
      return Apply(Linear{tensors.embedding, w.dense.bias}, x);
    case Stage::Kind::kActivation:
      for (double& value : x.values) value = Activate(stage.activation, value);
      return x;
    case Stage::Kind::kTanh:
      for (double& value : x.values) value = std::tanh(value);
      return x;
    case Stage::Kind::kNorm:
      for (size_t r = 0; r < x.rows; ++r) {
        ApplyNorm(tower.norm, w.norm, tower.norm_offset, tower.norm_epsilon, x.row(r));
      }
      return x;
    case Stage::Kind::kScale:
      for (double& value : x.values) value *= stage.factor;
      return x;
    case Stage::Kind::kUnitLength:
      for (size_t r = 0; r < x.rows; ++r) {
        double square = 0;
        for (double value : x.row(r)) square += value * value;
        for (double& value : x.row(r)) value /= std::max(std::sqrt(square), 1e-12);
      }
      return x;
  }
  PANO_CHECK(false);
  return x;
}

EncoderOutput RunHead(const HeadConfig& head, const std::vector<StageTensors>& stages,
                      const nn::ModelConfig& tower, const ModelTensors& tensors,
                      const std::vector<TowerRows>& inputs) {
  EncoderOutput out{head.output, {}};
  for (const TowerRows& rows : inputs) {
    Matrix x = Pool(rows, head.pooling);
    for (size_t i = 0; i < stages.size(); ++i) {
      x = RunStage(head.stages[i], stages[i], tower, tensors, std::move(x));
    }
    for (size_t r = 0; head.pooling == Pooling::kNone && r < x.rows; ++r) {
      if (!rows.kept[r]) std::ranges::fill(x.row(r), 0.0);
    }
    out.rows.push_back(std::move(x));
  }
  return out;
}

// Every image with every text.
EncoderOutput Compare(const EncoderOutput& images, const EncoderOutput& texts, double scale) {
  EncoderOutput out{"logits_per_image", {}};
  for (const Matrix& image : images.rows) {
    Matrix& row = out.rows.emplace_back(1, texts.rows.size());
    for (size_t t = 0; t < texts.rows.size(); ++t) {
      for (size_t d = 0; d < image.cols; ++d) {
        row.row(0)[t] += scale * image.at(0, d) * texts.rows[t].at(0, d);
      }
    }
  }
  return out;
}

}  // namespace

EncoderTensors ReadEncoder(TensorSource& source, const EncoderConfig& c) {
  TensorReader reader(source, c.optional_prefix, /*transposed=*/false);
  EncoderTensors out;
  auto read = [&](const std::optional<TowerConfig>& tower, std::optional<ModelTensors>& to) {
    if (tower) to = ReadLayers(reader, tower->model, tower->names);
  };
  read(c.text, out.text);
  read(c.image, out.image);
  read(c.decoder, out.decoder);
  if (c.image) ReadPatches(reader, c.patches, c.image->model.hidden_size, out);
  for (const HeadConfig& head : c.heads) {
    const bool has = !head.optional || reader.Has(head.stages[0].name + ".weight");
    out.has_head.push_back(has);
    out.heads.push_back(has ? ReadStages(reader, head, TowerOf(c, head.tower).model)
                            : std::vector<StageTensors>());
  }
  if (!c.logit_scale.empty()) {
    out.logit_scale = std::exp(reader.Values(c.logit_scale, {}, Use::kBias)[0]);
  }
  return out;
}

std::vector<EncoderOutput> EncoderOutputs(const EncoderConfig& c, const EncoderTensors& w,
                                          const encoder::EncoderBatch& batch, Trace& trace) {
  std::vector<TowerRows> texts, images, answers;
  for (size_t i = 0; i < batch.texts.size(); ++i) {
    texts.push_back(RunText(c, *c.text, *w.text, batch.texts[i], nullptr, trace));
    const bool end = std::ranges::any_of(
        c.heads, [](const HeadConfig& head) { return head.pooling == Pooling::kEnd; });
    texts.back().pooled = end ? EndOf(c, batch.texts[i]) : 0;
  }
  for (const std::vector<float>& image : batch.images) {
    images.push_back(RunImage(c, w, image, trace));
  }
  for (size_t i = 0; i < batch.decoder_ids.size(); ++i) {
    Matrix memory(0, texts[i].x.cols);
    for (size_t r = 0; r < texts[i].x.rows; ++r) {
      if (!texts[i].kept[r]) continue;
      ++memory.rows;
      memory.values.insert(memory.values.end(), texts[i].x.row(r).begin(), texts[i].x.row(r).end());
    }
    const TextRow row{.ids = batch.decoder_ids[i]};
    answers.push_back(RunText(c, *c.decoder, *w.decoder, row, &memory, trace));
  }
  std::vector<EncoderOutput> out;
  const EncoderOutput *image_embeds = nullptr, *text_embeds = nullptr;
  out.reserve(c.heads.size() + 1);
  for (size_t i = 0; i < c.heads.size(); ++i) {
    const HeadConfig& head = c.heads[i];
    const std::vector<TowerRows>& rows = head.tower == TowerKind::kText    ? texts
                                         : head.tower == TowerKind::kImage ? images
                                                                           : answers;
    if (!w.has_head[i] || rows.empty()) continue;
    const ModelTensors& tensors = head.tower == TowerKind::kText    ? *w.text
                                  : head.tower == TowerKind::kImage ? *w.image
                                                                    : *w.decoder;
    out.push_back(RunHead(head, w.heads[i], TowerOf(c, head.tower).model, tensors, rows));
    if (head.output == "image_embeds") image_embeds = &out.back();
    if (head.output == "text_embeds") text_embeds = &out.back();
  }
  if (w.logit_scale > 0 && image_embeds && text_embeds) {
    out.push_back(Compare(*image_embeds, *text_embeds, w.logit_scale));
  }
  return out;
}

}  // namespace pano::reference
