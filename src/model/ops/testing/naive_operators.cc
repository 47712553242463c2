#include "model/ops/testing/naive_operators.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "base/threads.h"
#include "model/ops/weights.h"

namespace pano::ops::testing {
namespace {

double Evaluate(Activation f, double z) {
  switch (f) {
    case Activation::kSilu:
      return z / (1 + std::exp(-z));
    case Activation::kGelu:
      return z * 0.5 * std::erfc(-z / std::numbers::sqrt2);
    case Activation::kGeluTanh:
      return 0.5 * z *
             (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (z + 0.044715 * z * z * z)));
    case Activation::kQuickGelu:
      return z / (1 + std::exp(-1.702 * z));
    case Activation::kRelu:
      return std::max(z, 0.0);
  }
  return 0;
}

// One query over keys and values that are found by their position.
struct Query {
  const float* q = nullptr;
  float* out = nullptr;
  size_t key_dim = 0, value_dim = 0;
  double scale = 1, softcap = 0;
  KeyRange keys;
};
void Attend(const Query& query, const std::function<const float*(int64_t)>& key,
            const std::function<const float*(int64_t)>& value,
            const std::function<double(int64_t)>& bias) {
  std::vector<double> weights, sums(query.value_dim);
  for (int64_t t = query.keys.first; t < query.keys.end; ++t) {
    double score = 0;
    for (size_t d = 0; d < query.key_dim; ++d) {
      score += static_cast<double>(query.q[d]) * static_cast<double>(key(t)[d]);
    }
    score *= query.scale;
    if (query.softcap > 0) score = query.softcap * std::tanh(score / query.softcap);
    weights.push_back(score + bias(t));
  }
  const double top = *std::ranges::max_element(weights);
  double total = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double weight = std::exp(weights[i] - top);
    total += weight;
    const float* v = value(query.keys.first + static_cast<int64_t>(i));
    for (size_t d = 0; d < query.value_dim; ++d) sums[d] += weight * static_cast<double>(v[d]);
  }
  for (size_t d = 0; d < query.value_dim; ++d) query.out[d] = static_cast<float>(sums[d] / total);
}

float* At(std::byte* base, const BlockId* blocks, int64_t position, size_t block_bytes,
          size_t dim) {
  std::byte* block = base + static_cast<size_t>(blocks[position / kBlockTokens]) * block_bytes;
  return reinterpret_cast<float*>(block) + static_cast<size_t>(position % kBlockTokens) * dim;
}

}  // namespace

void NaiveOperators::Embedding(OpContext&, const tensor::TensorView& table,
                               std::span<const int32_t> ids, float scale, bool accumulate,
                               Rows out) {
  std::vector<float> row(out.width);
  for (size_t r = 0; r < ids.size(); ++r) {
    DequantizeRow(table, static_cast<size_t>(ids[r]), row.data());
    for (size_t d = 0; d < out.width; ++d) {
      out.row(r)[d] = (accumulate ? out.row(r)[d] : 0.0f) + scale * row[d];
    }
  }
}

void NaiveOperators::MatrixProducts(OpContext&, ConstRows x,
                                    std::span<const MatrixProduct> products) {
  std::vector<float> row(x.width);
  for (const MatrixProduct& product : products) {
    for (size_t o = 0; o < product.y.width; ++o) {
      DequantizeRow(*product.weight, o, row.data());
      for (size_t r = 0; r < x.rows; ++r) {
        double sum = product.bias ? static_cast<double>(product.bias[o]) : 0.0;
        for (size_t i = 0; i < x.width; ++i) {
          sum += static_cast<double>(x.row(r)[i]) * static_cast<double>(row[i]);
        }
        product.y.row(r)[o] = static_cast<float>(sum);
      }
    }
  }
}

void NaiveOperators::AddLowRank(OpContext&, std::span<const LowRankProduct> products) {
  for (const LowRankProduct& product : products) {
    const LowRank& low_rank = *product.low_rank;
    std::vector<float> row(product.x.width);
    for (size_t r = 0; r < product.y.rows; ++r) {
      std::vector<double> t(low_rank.rank);
      for (size_t j = 0; j < low_rank.rank; ++j) {
        if (product.t) {
          t[j] = static_cast<double>(product.t[r * low_rank.rank + j]);
          continue;
        }
        DequantizeRow(low_rank.a, j, row.data());
        for (size_t i = 0; i < row.size(); ++i) {
          t[j] += static_cast<double>(low_rank.scale) * static_cast<double>(row[i]) *
                  static_cast<double>(product.x.row(r)[i]);
        }
      }
      for (size_t o = 0; o < low_rank.out; ++o) {
        double sum = static_cast<double>(product.y.row(r)[o]);
        for (size_t j = 0; j < low_rank.rank; ++j) {
          sum += t[j] * static_cast<double>(low_rank.BValue(o, j));
        }
        product.y.row(r)[o] = static_cast<float>(sum);
      }
    }
  }
}

void NaiveOperators::ScaleShift(OpContext&, const float* scale, const float* shift, Rows x) {
  for (size_t r = 0; r < x.rows; ++r) {
    for (size_t d = 0; d < x.width; ++d) {
      const double value = static_cast<double>(x.row(r)[d]) *
                           (scale ? static_cast<double>(scale[d]) : 1.0);
      x.row(r)[d] = static_cast<float>(value + (shift ? static_cast<double>(shift[d]) : 0.0));
    }
  }
}

void NaiveOperators::Norm(OpContext&, const NormArgs& args, ConstRows x, Rows y) {
  const size_t width = x.width / args.parts;
  const auto n = static_cast<double>(width);
  for (size_t i = 0; i < x.rows * args.parts; ++i) {
    const float* from = x.row(i / args.parts) + i % args.parts * width;
    const float* weight = args.weight + (args.weight_per_part ? i % args.parts * width : 0);
    float* to = y.row(i / args.parts) + i % args.parts * width;
    double mean = 0, squares = 0;
    if (args.kind == NormKind::kLayer) {
      for (size_t d = 0; d < width; ++d) mean += static_cast<double>(from[d]) / n;
    }
    for (size_t d = 0; d < width; ++d) {
      const double deviation = static_cast<double>(from[d]) - mean;
      squares += deviation * deviation;
    }
    const double scale = 1 / std::sqrt(squares / n + static_cast<double>(args.epsilon));
    const bool biased = args.kind == NormKind::kLayer && args.bias;
    for (size_t d = 0; d < width; ++d) {
      const double normed = (static_cast<double>(from[d]) - mean) * scale;
      to[d] = static_cast<float>(normed * static_cast<double>(weight[d]) +
                                 (biased ? static_cast<double>(args.bias[d]) : 0.0));
    }
  }
}

void NaiveOperators::Activate(OpContext&, Activation f, Rows x) {
  for (float& v : x.values()) v = static_cast<float>(Evaluate(f, static_cast<double>(v)));
}

void NaiveOperators::GatedActivate(OpContext&, Activation f, Rows gate, ConstRows up) {
  for (size_t i = 0; i < gate.values().size(); ++i) {
    float& v = gate.data[i];
    v = static_cast<float>(Evaluate(f, static_cast<double>(v)) * static_cast<double>(up.data[i]));
  }
}

void NaiveOperators::Add(OpContext&, Rows x, ConstRows y, float scale) {
  for (size_t r = 0; r < x.rows; ++r) {
    for (size_t d = 0; d < x.width; ++d) x.row(r)[d] += scale * y.row(r)[d];
  }
}

void NaiveOperators::Copy(OpContext&, ConstRows from, Rows to) {
  for (size_t r = 0; r < to.rows; ++r) std::copy_n(from.row(r), to.width, to.row(r));
}

void NaiveOperators::Fill(OpContext&, float value, Rows x) {
  for (size_t r = 0; r < x.rows; ++r) std::fill_n(x.row(r), x.width, value);
}

void NaiveOperators::ScaleSoftcap(OpContext&, float scale, float softcap, Rows x) {
  for (size_t r = 0; r < x.rows; ++r) {
    for (size_t d = 0; d < x.width; ++d) {
      const double v = static_cast<double>(x.row(r)[d]) * static_cast<double>(scale);
      const auto cap = static_cast<double>(softcap);
      x.row(r)[d] = static_cast<float>(softcap > 0 ? cap * std::tanh(v / cap) : v);
    }
  }
}

void NaiveOperators::RotaryAngles(OpContext&, std::span<const double> frequencies,
                                  std::span<const int64_t> position_ids, double factor, Rows cos,
                                  Rows sin) {
  for (size_t r = 0; r < position_ids.size(); ++r) {
    for (size_t i = 0; i < frequencies.size(); ++i) {
      const double angle = static_cast<double>(position_ids[r]) * frequencies[i];
      cos.row(r)[i] = static_cast<float>(factor * std::cos(angle));
      sin.row(r)[i] = static_cast<float>(factor * std::sin(angle));
    }
  }
}

void NaiveOperators::Rotary(OpContext&, ConstRows cos, ConstRows sin, bool interleaved,
                            size_t heads, size_t head_stride, Rows x) {
  for (size_t r = 0; r < x.rows; ++r) {
    for (size_t h = 0; h < heads; ++h) {
      float* v = x.row(r) + h * head_stride;
      for (size_t i = 0; i < cos.width; ++i) {
        float& first = v[interleaved ? 2 * i : i];
        float& second = v[interleaved ? 2 * i + 1 : i + cos.width];
        const auto a = static_cast<double>(first), b = static_cast<double>(second),
                   c = static_cast<double>(cos.row(r)[i]), s = static_cast<double>(sin.row(r)[i]);
        first = static_cast<float>(a * c - b * s);
        second = static_cast<float>(a * s + b * c);
      }
    }
  }
}

void NaiveOperators::StoreKv(OpContext&, std::span<const SequenceRows> sequences, ConstRows keys,
                             ConstRows values, const PagedKv& kv) {
  PANO_CHECK(kv.type == KvType::kF32);
  for (const SequenceRows& s : sequences) {
    for (size_t i = 0; i < s.row_count; ++i) {
      const size_t r = s.first_row + i;
      const int64_t position = s.first_position + static_cast<int64_t>(i);
      for (size_t h = 0; h < kv.heads; ++h) {
        std::copy_n(keys.row(r) + h * kv.key_dim, kv.key_dim,
                    At(kv.keys + h * kv.key_head_bytes, s.blocks, position, kv.key_block_bytes,
                       kv.key_dim));
        if (kv.value_dim == 0) continue;
        std::copy_n(values.row(r) + h * kv.value_dim, kv.value_dim,
                    At(kv.values + h * kv.value_head_bytes, s.blocks, position,
                       kv.value_block_bytes, kv.value_dim));
      }
    }
  }
}

void NaiveOperators::PagedAttention(OpContext&, const AttentionShape& shape,
                                    const AttentionRows& rows, const ScoreBias& bias,
                                    const PagedKv& kv, ConstRows q, Rows out) {
  PANO_CHECK(kv.type == KvType::kF32);
  auto run = [&](const SequenceRows& s, size_t r, size_t h) {
    const size_t kv_head = h * kv.heads / shape.heads;
    auto key = [&](int64_t t) -> const float* {
      return At(kv.keys + kv_head * kv.key_head_bytes, s.blocks, t, kv.key_block_bytes, kv.key_dim);
    };
    auto value = [&](int64_t t) -> const float* {
      if (kv.value_dim == 0) return key(t);
      return At(kv.values + kv_head * kv.value_head_bytes, s.blocks, t, kv.value_block_bytes,
                kv.value_dim);
    };
    auto bias_of = [&](int64_t t) {
      const float* table = bias.table + h * bias.width;
      if (bias.kind == ScoreBias::Kind::kNone) return 0.0;
      if (bias.kind == ScoreBias::Kind::kByKey) return static_cast<double>(table[t]);
      const int64_t id = rows.consecutive_ids
                             ? t
                             : rows.position_ids[s.first_row + static_cast<size_t>(t - s.first_position)];
      return static_cast<double>(table[bias.reach + id - rows.position_ids[r]]);
    };
    Attend({q.row(r) + h * kv.key_dim, out.row(r) + h * shape.value_dim, kv.key_dim,
            shape.value_dim, static_cast<double>(shape.scale), static_cast<double>(shape.softcap),
            rows.keys[r]},
           key, value, bias_of);
  };
  for (const SequenceRows& s : rows.sequences) {
    for (size_t i = 0; i < s.row_count; ++i) {
      for (size_t h = 0; h < shape.heads; ++h) run(s, s.first_row + i, h);
    }
  }
}

void NaiveOperators::DenseAttention(OpContext&, const AttentionShape& shape,
                                    std::span<const MemoryRows> inputs, size_t kv_heads,
                                    ConstRows q, ConstRows keys, ConstRows values, Rows out) {
  const size_t dim = q.width / shape.heads;
  for (const MemoryRows& input : inputs) {
    for (size_t i = 0; i < input.row_count * shape.heads; ++i) {
      const size_t r = input.first_row + i / shape.heads, h = i % shape.heads;
      const size_t kv_head = h * kv_heads / shape.heads;
      auto row = [&](int64_t t) { return input.first_key + static_cast<size_t>(t); };
      Attend({q.row(r) + h * dim, out.row(r) + h * shape.value_dim, dim, shape.value_dim,
              static_cast<double>(shape.scale), static_cast<double>(shape.softcap),
              {0, static_cast<int64_t>(input.key_count)}},
             [&](int64_t t) { return keys.row(row(t)) + kv_head * dim; },
             [&](int64_t t) { return values.row(row(t)) + kv_head * shape.value_dim; },
             [](int64_t) { return 0.0; });
    }
  }
}

void NaiveOperators::Route(OpContext&, const RoutingParams& params, Rows logits,
                           ExpertAssignment& out) {
  const size_t experts = logits.width, group = experts / params.groups;
  for (size_t r = 0; r < logits.rows; ++r) {
    std::vector<double> p(experts);
    double total = 0;
    for (size_t e = 0; e < experts; ++e) total += p[e] = std::exp(static_cast<double>(logits.row(r)[e]));
    for (double& value : p) value /= total;
    // How many of a list are better than its i-th, earlier ones counting as better than equals.
    auto rank = [](const std::vector<double>& list, size_t i) {
      size_t better = 0;
      for (size_t j = 0; j < list.size(); ++j) {
        if (list[j] > list[i] || (list[j] == list[i] && j < i)) ++better;
      }
      return better;
    };
    std::vector<double> best(params.groups), eligible = p;
    for (size_t e = 0; e < experts; ++e) best[e / group] = std::max(best[e / group], p[e]);
    for (size_t e = 0; e < experts; ++e) {
      if (params.groups > 1 && rank(best, e / group) >= params.groups_used) eligible[e] = 0;
    }
    double chosen = 0;
    for (size_t e = 0; e < experts; ++e) {
      if (rank(eligible, e) < params.used) chosen += p[e];
    }
    for (size_t e = 0; e < experts; ++e) {
      const double weight = (params.normalize ? p[e] / chosen : p[e]) * static_cast<double>(params.scale);
      logits.row(r)[e] = rank(eligible, e) < params.used ? static_cast<float>(weight) : 0.0f;
    }
  }
  out.Reset(logits.data, logits.rows, experts);
}

void NaiveOperators::GatherRows(OpContext&, std::span<const int32_t> rows, ConstRows from,
                                Rows to) {
  for (size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(from.row(static_cast<size_t>(rows[i])), to.width, to.row(i));
  }
}

void NaiveOperators::ScatterAddRows(OpContext&, std::span<const int32_t> rows,
                                    std::span<const float> weights, ConstRows from, Rows to) {
  for (size_t i = 0; i < rows.size(); ++i) {
    float* sum = to.row(static_cast<size_t>(rows[i]));
    for (size_t d = 0; d < to.width; ++d) sum[d] += weights[i] * from.row(i)[d];
  }
}

void NaiveOperators::ScaleBySigmoid(OpContext&, ConstRows gate, Rows x) {
  for (size_t r = 0; r < x.rows; ++r) {
    const double weight = 1 / (1 + std::exp(-static_cast<double>(*gate.row(r))));
    for (size_t d = 0; d < x.width; ++d) {
      x.row(r)[d] = static_cast<float>(weight * static_cast<double>(x.row(r)[d]));
    }
  }
}

std::unique_ptr<OpContext> CreateNaiveContext(ComputePool& pool,
                                              collective::Communicator* communicator) {
  return std::make_unique<OpContext>(std::make_unique<NaiveOperators>(), pool, communicator);
}

}  // namespace pano::ops::testing
