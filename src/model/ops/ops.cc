#include "model/ops/ops.h"

#include <array>
#include <utility>
#include <vector>

#include "base/check.h"

namespace pano::ops {
namespace {

// Linear layers of one x that a block has at most: query, key, value and gates.
constexpr size_t kProductsMax = 8;

// Of a layer that ranks add up, the bias counts once.
const float* BiasOf(const Linear& linear) {
  return linear.shard.reduces() && linear.shard.rank != 0 ? nullptr : linear.bias_or_null();
}

// What the rows' adapters change of the layers' outputs.
void Adapt(OpContext& context, ConstRows x, std::span<const LinearOutput> outputs) {
  std::vector<LowRankProduct>& low_rank = context.low_rank_products();
  low_rank.clear();
  for (const AdapterRun& run : context.adapter_runs()) {
    PANO_CHECK(run.begin + run.count <= x.rows);
    for (const auto& [linear, y] : outputs) {
      const LinearChange* change = run.adapter->Find(*linear);
      if (!change) continue;
      const ConstRows from = x.Slice(run.begin, run.count);
      const Rows to = y.Slice(run.begin, run.count);
      if (change->replaced.present()) {
        const MatrixProduct product{&change->replaced.weight, change->replaced.bias_or_null(), to};
        context.operators().MatrixProducts(context, from, {&product, 1});
      }
      if (change->low_rank.present()) low_rank.push_back({&change->low_rank, from, nullptr, to});
    }
  }
  if (!low_rank.empty()) context.operators().AddLowRank(context, low_rank);
  for (const AdapterRun& run : context.adapter_runs()) {
    for (const auto& [linear, y] : outputs) {
      const LinearChange* change = run.adapter->Find(*linear);
      if (!change || (change->row_scale.empty() && change->bias_change.empty())) continue;
      context.operators().ScaleShift(
          context, change->row_scale.empty() ? nullptr : change->row_scale.data(),
          change->bias_change.empty() ? nullptr : change->bias_change.data(),
          y.Slice(run.begin, run.count));
    }
  }
}

// Calls f(begin, count, what) for the rows in turn: `what` is what the rows' adapter has for
// `weights`, or null.
template <typename Weights, typename F>
void ForEachStretch(OpContext& context, const Weights& weights, size_t rows, const F& f) {
  using Change = decltype(std::declval<const AdapterWeights&>().Find(weights));
  size_t at = 0;
  for (const AdapterRun& run : context.adapter_runs()) {
    const Change change = run.adapter->Find(weights);
    if (!change) continue;
    PANO_CHECK(run.begin + run.count <= rows);
    if (run.begin > at) f(at, run.begin - at, Change{});
    f(run.begin, run.count, change);
    at = run.begin + run.count;
  }
  if (at < rows) f(at, rows - at, Change{});
}

// Rows of one adapter out of a table that it changes.
void AdaptedEmbedding(OpContext& context, const tensor::TensorView& table,
                      const TableChange& change, std::span<const int32_t> ids, float scale,
                      bool accumulate, Rows out) {
  tensor::TensorView rows = table;
  if (!change.replaced_values.empty()) {
    rows = {tensor::DType::kF32, table.shape,
            reinterpret_cast<const std::byte*>(change.replaced_values.data()),
            change.replaced_values.size() * sizeof(float)};
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto own = change.replaced_rows.find(ids[i]);
    if (own == change.replaced_rows.end()) {
      context.operators().Embedding(context, rows, ids.subspan(i, 1), scale, accumulate,
                                    out.Slice(i, 1));
      continue;
    }
    const tensor::TensorView row{tensor::DType::kF32,
                                 {1, table.shape[1]},
                                 reinterpret_cast<const std::byte*>(own->second.data()),
                                 own->second.size() * sizeof(float)};
    const int32_t first = 0;
    context.operators().Embedding(context, row, {&first, 1}, scale, accumulate, out.Slice(i, 1));
  }
  if (!change.low_rank.present()) return;
  Workspace::Scope scope(context.workspace());
  const Rows t = scope.Take(ids.size(), change.low_rank.rank);
  context.operators().Embedding(context, change.low_rank.a, ids, scale * change.low_rank.scale,
                                false, t);
  const LowRankProduct product{&change.low_rank, {}, t.data, out};
  context.operators().AddLowRank(context, {&product, 1});
}

void Multiply(OpContext& context, ConstRows x, std::span<const LinearOutput> outputs) {
  PANO_CHECK(outputs.size() <= kProductsMax);
  std::array<MatrixProduct, kProductsMax> products;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto& [linear, y] = outputs[i];
    PANO_CHECK(linear->in() == x.width && linear->out() == y.width && y.rows == x.rows);
    products[i] = {&linear->weight, BiasOf(*linear), y};
  }
  context.operators().MatrixProducts(context, x, std::span(products).first(outputs.size()));
  if (!context.adapter_runs().empty()) Adapt(context, x, outputs);
}

}  // namespace

void Embedding(OpContext& context, const tensor::TensorView& table, std::span<const int32_t> ids,
               float scale, bool accumulate, Rows out) {
  PANO_CHECK(out.rows == ids.size() && out.width == static_cast<size_t>(table.shape[1]));
  if (context.adapter_runs().empty()) {
    return context.operators().Embedding(context, table, ids, scale, accumulate, out);
  }
  ForEachStretch(context, table, ids.size(),
                 [&](size_t begin, size_t count, const TableChange* change) {
                   const Rows to = out.Slice(begin, count);
                   const auto some = ids.subspan(begin, count);
                   if (change) {
                     AdaptedEmbedding(context, table, *change, some, scale, accumulate, to);
                   } else {
                     context.operators().Embedding(context, table, some, scale, accumulate, to);
                   }
                 });
}

Status LinearLayers(OpContext& context, ConstRows x, std::span<const LinearOutput> outputs) {
  Multiply(context, x, outputs);
  for (const auto& [linear, y] : outputs) {
    if (linear->shard.reduces()) PANO_RETURN_IF_ERROR(SumOverRanks(context, y));
  }
  return {};
}

Status LinearLayer(OpContext& context, const Linear& linear, ConstRows x, Rows y) {
  const LinearOutput output{&linear, y};
  return LinearLayers(context, x, {&output, 1});
}

void PartialLinear(OpContext& context, const Linear& linear, ConstRows x, Rows y) {
  const LinearOutput output{&linear, y};
  Multiply(context, x, {&output, 1});
}

Status SumOverRanks(OpContext& context, Rows x) {
  return context.communicator().AllReduceSum(x.values());
}

void Norm(OpContext& context, NormSpec spec, const NormWeights& norm, ConstRows x, Rows y) {
  PANO_CHECK(norm.weight.size() == x.width && y.SameShape(x));
  auto run = [&](const NormWeights& w, ConstRows from, Rows to) {
    context.operators().Norm(
        context, {spec.kind, spec.epsilon, w.weight.data(), w.bias_or_null()}, from, to);
  };
  if (context.adapter_runs().empty()) return run(norm, x, y);
  ForEachStretch(context, norm, x.rows, [&](size_t begin, size_t count, const NormWeights* own) {
    run(own ? *own : norm, x.Slice(begin, count), y.Slice(begin, count));
  });
}

void AddNorm(OpContext& context, NormSpec spec, const NormWeights& norm, ConstRows added,
             float scale, Rows x) {
  PANO_CHECK(norm.weight.size() == x.width && added.SameShape(x));
  auto run = [&](const NormWeights& w, ConstRows some, Rows to) {
    context.operators().AddNorm(
        context, {spec.kind, spec.epsilon, w.weight.data(), w.bias_or_null()}, some, scale, to);
  };
  if (context.adapter_runs().empty()) return run(norm, added, x);
  ForEachStretch(context, norm, x.rows, [&](size_t begin, size_t count, const NormWeights* own) {
    run(own ? *own : norm, added.Slice(begin, count), x.Slice(begin, count));
  });
}

void HeadNorm(OpContext& context, NormSpec spec, const NormWeights& norm, size_t dim, Rows heads) {
  PANO_CHECK(dim > 0 && heads.width % dim == 0);
  const bool each = norm.weight.size() != dim;
  PANO_CHECK(!each || norm.weight.size() == heads.width);
  auto run = [&](const NormWeights& w, Rows rows) {
    context.operators().Norm(context,
                             {spec.kind, spec.epsilon, w.weight.data(), w.bias_or_null(),
                              heads.width / dim, each},
                             rows, rows);
  };
  if (context.adapter_runs().empty()) return run(norm, heads);
  ForEachStretch(context, norm, heads.rows,
                 [&](size_t begin, size_t count, const NormWeights* own) {
                   run(own ? *own : norm, heads.Slice(begin, count));
                 });
}

void Activate(OpContext& context, Activation f, Rows x) {
  PANO_CHECK(x.contiguous());
  context.operators().Activate(context, f, x);
}

void GatedActivate(OpContext& context, Activation f, Rows gate, ConstRows up) {
  PANO_CHECK(gate.SameShape(up) && gate.contiguous() && up.contiguous());
  context.operators().GatedActivate(context, f, gate, up);
}

void Add(OpContext& context, Rows x, ConstRows y, float scale) {
  PANO_CHECK(x.SameShape(y));
  context.operators().Add(context, x, y, scale);
}

void Copy(OpContext& context, ConstRows from, Rows to) {
  PANO_CHECK(to.SameShape(from));
  context.operators().Copy(context, from, to);
}

void Fill(OpContext& context, float value, Rows x) { context.operators().Fill(context, value, x); }

void ScaleSoftcap(OpContext& context, float scale, float softcap, Rows x) {
  if (scale == 1.0f && softcap <= 0.0f) return;
  context.operators().ScaleSoftcap(context, scale, softcap, x);
}

void RotaryAngles(OpContext& context, std::span<const double> frequencies,
                  std::span<const int64_t> position_ids, double factor, Rows cos, Rows sin) {
  PANO_CHECK(cos.rows == position_ids.size() && cos.width == frequencies.size());
  PANO_CHECK(sin.SameShape(cos));
  context.operators().RotaryAngles(context, frequencies, position_ids, factor, cos, sin);
}

void Rotary(OpContext& context, ConstRows cos, ConstRows sin, bool interleaved, size_t heads,
            size_t head_stride, Rows x) {
  PANO_CHECK(cos.rows == x.rows && sin.SameShape(cos));
  PANO_CHECK(heads > 0 && (heads - 1) * head_stride + 2 * cos.width <= x.width);
  context.operators().Rotary(context, cos, sin, interleaved, heads, head_stride, x);
}

void StoreKv(OpContext& context, std::span<const SequenceRows> sequences, ConstRows keys,
             ConstRows values, const PagedKv& kv) {
  PANO_CHECK(keys.width == kv.heads * kv.key_dim);
  PANO_CHECK(kv.value_dim == 0 || values.width == kv.heads * kv.value_dim);
  context.operators().StoreKv(context, sequences, keys, values, kv);
}

void PagedAttention(OpContext& context, const AttentionShape& shape, const AttentionRows& rows,
                    const ScoreBias& bias, const PagedKv& kv, ConstRows q, Rows out) {
  PANO_CHECK(shape.heads % kv.heads == 0 && q.width == shape.heads * kv.key_dim);
  PANO_CHECK(out.rows == q.rows && out.width == shape.heads * shape.value_dim);
  PANO_CHECK(kv.value_dim == 0 ? shape.value_dim <= kv.key_dim : shape.value_dim == kv.value_dim);
  PANO_CHECK(rows.keys.size() == q.rows);
  PANO_CHECK(bias.kind != ScoreBias::Kind::kByDistance || rows.position_ids.size() == q.rows);
  context.operators().PagedAttention(context, shape, rows, bias, kv, q, out);
}

void DenseAttention(OpContext& context, const AttentionShape& shape,
                    std::span<const MemoryRows> inputs, size_t kv_heads, ConstRows q,
                    ConstRows keys, ConstRows values, Rows out) {
  PANO_CHECK(kv_heads > 0 && shape.heads % kv_heads == 0);
  PANO_CHECK(keys.width * shape.heads == q.width * kv_heads && keys.contiguous());
  PANO_CHECK(values.width == kv_heads * shape.value_dim && values.contiguous());
  PANO_CHECK(out.rows == q.rows && out.width == shape.heads * shape.value_dim);
  context.operators().DenseAttention(context, shape, inputs, kv_heads, q, keys, values, out);
}

void Route(OpContext& context, const RoutingParams& params, Rows logits, ExpertAssignment& out) {
  PANO_CHECK(logits.contiguous() && params.used >= 1 && params.used <= logits.width);
  PANO_CHECK(params.groups >= 1 && logits.width % params.groups == 0);
  context.operators().Route(context, params, logits, out);
}

void GatherRows(OpContext& context, std::span<const int32_t> rows, ConstRows from, Rows to) {
  PANO_CHECK(to.rows == rows.size() && to.width == from.width);
  context.operators().GatherRows(context, rows, from, to);
}

void ScatterAddRows(OpContext& context, std::span<const int32_t> rows,
                    std::span<const float> weights, ConstRows from, Rows to) {
  PANO_CHECK(from.rows == rows.size() && weights.size() == rows.size() && to.width == from.width);
  context.operators().ScatterAddRows(context, rows, weights, from, to);
}

void ScaleBySigmoid(OpContext& context, ConstRows gate, Rows x) {
  PANO_CHECK(gate.rows == x.rows && gate.width == 1);
  context.operators().ScaleBySigmoid(context, gate, x);
}

}  // namespace pano::ops
