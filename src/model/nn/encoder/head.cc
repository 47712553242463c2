#include "model/nn/encoder/head.h"

#include <algorithm>
#include <cmath>

#include "model/nn/encoder/head_tensors.h"
#include "model/ops/ops.h"

namespace pano::encoder {
namespace {

// [count, hidden] to one vector. Sums in double, row after row: the same whatever the batch.
void PoolRows(const float* x, size_t count, size_t hidden, Pooling pooling, float* out) {
  if (pooling == Pooling::kMax) {
    std::copy_n(x, hidden, out);
    for (size_t r = 1; r < count; ++r) {
      for (size_t d = 0; d < hidden; ++d) out[d] = std::max(out[d], x[r * hidden + d]);
    }
    return;
  }
  // In the order of memory, a group of columns at a time, whose sums stay in registers.
  constexpr size_t kColumns = 8;
  const auto n = static_cast<double>(count);
  const double divisor = pooling == Pooling::kMean ? n : std::sqrt(n);
  const size_t whole = hidden / kColumns * kColumns;
  for (size_t first = 0; first < whole; first += kColumns) {
    double sums[kColumns] = {};
    for (size_t r = 0; r < count; ++r) {
      const float* row = x + r * hidden + first;
      for (size_t d = 0; d < kColumns; ++d) sums[d] += static_cast<double>(row[d]);
    }
    for (size_t d = 0; d < kColumns; ++d) out[first + d] = static_cast<float>(sums[d] / divisor);
  }
  for (size_t d = whole; d < hidden; ++d) {
    double sum = 0;
    for (size_t r = 0; r < count; ++r) sum += static_cast<double>(x[r * hidden + d]);
    out[d] = static_cast<float>(sum / divisor);
  }
}

std::vector<float> Pool(const TowerRows& rows, size_t hidden, Pooling pooling) {
  const std::vector<size_t>& counts = rows.rows->counts;
  std::vector<float> out(counts.size() * hidden);
  const float* x = rows.x;
  for (size_t i = 0; i < counts.size(); ++i) {
    const size_t kept = rows.rows->kept(i);
    float* to = &out[i * hidden];
    if (pooling == Pooling::kFirst || pooling == Pooling::kEnd) {
      std::copy_n(x + (rows.text ? rows.text->pooled[i] : 0) * hidden, hidden, to);
    } else if (pooling == Pooling::kLast) {
      std::copy_n(x + (kept - 1) * hidden, hidden, to);
    } else {
      PoolRows(x, kept, hidden, pooling, to);
    }
    x += counts[i] * hidden;
  }
  return out;
}

void UnitLength(std::vector<float>& x, size_t width) {
  for (size_t at = 0; at < x.size(); at += width) {
    double sum = 0;
    for (size_t d = 0; d < width; ++d)
      sum += static_cast<double>(x[at + d]) * static_cast<double>(x[at + d]);
    const double length = std::max(std::sqrt(sum), 1e-12);
    for (size_t d = 0; d < width; ++d)
      x[at + d] = static_cast<float>(static_cast<double>(x[at + d]) / length);
  }
}

// x [count, ..] in place; its width may change.
Status RunStage(const Stage& stage, const StageWeights& w, Tower& tower, size_t count,
                std::vector<float>& x) {
  if (count == 0) return {};
  const ops::Rows rows(x.data(), count, x.size() / count);
  switch (stage.kind) {
    case Stage::Kind::kDense:
    case Stage::Kind::kEmbedding: {
      std::vector<float> y(count * w.dense.out());
      const ops::Rows out(y.data(), count, w.dense.out());
      PANO_RETURN_IF_ERROR(ops::LinearLayer(tower.ops(), w.dense, rows, out));
      x = std::move(y);
      return {};
    }
    case Stage::Kind::kActivation:
      ops::Activate(tower.ops(), stage.activation, rows);
      return {};
    case Stage::Kind::kTanh:
      for (float& value : x) value = std::tanh(value);
      return {};
    case Stage::Kind::kNorm:
      tower.Norm(w.norm, rows, rows);
      return {};
    case Stage::Kind::kScale:
      for (float& value : x) value *= stage.factor;
      return {};
    case Stage::Kind::kUnitLength:
      UnitLength(x, rows.width);
      return {};
  }
  return {};
}

// From packed rows to one vector an input, zeros where the mask left an id out.
void Scatter(const TowerRows& rows, const std::vector<float>& x, size_t width, Output& out) {
  const float* from = x.data();
  const std::vector<int32_t>& ids = rows.rows->position_ids;
  size_t row = 0;
  for (size_t i = 0; i < rows.rows->counts.size(); ++i) {
    const size_t count = rows.rows->counts[i], kept = rows.rows->kept(i);
    const size_t length = rows.text ? rows.text->lengths[i] : count;
    std::vector<float>& to = out.rows.emplace_back(length * width);
    for (size_t r = 0; r < kept; ++r) {
      const size_t at = ids.empty() ? r : static_cast<size_t>(ids[row + r]);
      std::copy_n(from + (row + r) * width, width, &to[at * width]);
    }
    row += count;
  }
}

// Of "a|b" whichever the file has.
std::string Either(const nn::WeightBinder& bind, const std::string& names) {
  const size_t bar = names.find('|');
  if (bar == std::string::npos) return names;
  std::string first = names.substr(0, bar);
  return bind.Has(first) ? first : names.substr(bar + 1);
}

}  // namespace

Head BindHead(nn::WeightBinder& bind, const HeadConfig& config, const nn::ModelConfig& tower,
              const nn::DecoderWeights& weights) {
  Head head{config, std::vector<StageWeights>(config.stages.size()), HeadSize(config, tower)};
  for (const HeadTensor& tensor : DescribeHead(config, tower)) {
    const std::string& name = config.stages[tensor.stage].name;
    StageWeights& w = head.stages[tensor.stage];
    const bool norm = tensor.kind == nn::TensorKind::kNorm;
    if (norm && tensor.part == nn::TensorPart::kWeight) {
      w.norm.weight = bind.NormWeight(name, tensor.shape[0], tower.norm_offset);
    } else if (norm) {
      w.norm.bias = bind.NormBias(name, tensor.shape[0]);
    } else if (tensor.part == nn::TensorPart::kWeight) {
      w.dense.weight = bind.Matrix(name, tensor.shape[0], tensor.shape[1]);
    } else {
      w.dense.bias = bind.Vector(Either(bind, tensor.name), tensor.shape[0]);
    }
  }
  for (size_t i = 0; i < config.stages.size(); ++i) {
    if (config.stages[i].kind == Stage::Kind::kEmbedding) {
      head.stages[i].dense.weight = weights.embedding;
    }
  }
  return head;
}

Result<Output> RunHead(const Head& head, const TowerRows& rows, Tower& tower) {
  const bool pooled = head.config.pooling != Pooling::kNone;
  const size_t hidden = tower.hidden();
  std::vector<float> x;
  if (pooled) {
    x = Pool(rows, hidden, head.config.pooling);
  } else {
    x.assign(rows.x, rows.x + rows.rows->size() * hidden);
  }
  const size_t count = x.size() / hidden;
  for (size_t i = 0; i < head.stages.size(); ++i) {
    PANO_RETURN_IF_ERROR(RunStage(head.config.stages[i], head.stages[i], tower, count, x));
  }
  Output out{head.config.output, !pooled, head.size, {}};
  const auto width = static_cast<size_t>(head.size);
  if (!pooled) {
    Scatter(rows, x, width, out);
  } else {
    for (size_t i = 0; i < count; ++i) {
      out.rows.emplace_back(x.begin() + static_cast<std::ptrdiff_t>(i * width),
                            x.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
    }
  }
  return out;
}

}  // namespace pano::encoder
