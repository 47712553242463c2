#pragma once

#include <span>

#include "base/status.h"
#include "model/ops/attention.h"
#include "model/ops/context.h"
#include "model/ops/routing.h"
#include "model/ops/types.h"
#include "model/ops/view.h"
#include "model/ops/weights.h"

// The operators that layers are made of. They check shapes (a mismatch is a bug of the caller and
// ends the process), do what concerns ranks, and hand over to the context's device.
//
// Order contract, for every device: a row of a result depends, to the bit, on its own inputs only;
// not on the other rows of the pass, on how a sequence was cut into passes, or on the number of
// threads. Across devices and instruction sets results differ within rounding.
//
// Views lie in the device's memory and do not overlap unless said otherwise.
namespace pano::ops {

// out[r] = scale * table[ids[r]], or is added to with `accumulate`. REQUIRES: ids within the table.
void Embedding(OpContext& context, const tensor::TensorView& table, std::span<const int32_t> ids,
               float scale, bool accumulate, Rows out);

// One of several linear layers of the same x.
struct LinearOutput {
  const Linear* linear = nullptr;
  Rows y;  // [rows, linear->out()]
};
// y = x W^T + bias for each; what is prepared of x is prepared once. A layer that is sharded by its
// inputs gives the sum over ranks on every rank: REQUIRES contiguous y then. Fails only where the
// communicator does.
Status LinearLayers(OpContext& context, ConstRows x, std::span<const LinearOutput> outputs);
Status LinearLayer(OpContext& context, const Linear& linear, ConstRows x, Rows y);
// The same without the sum over ranks: for callers that add up several layers first and then call
// SumOverRanks once.
void PartialLinear(OpContext& context, const Linear& linear, ConstRows x, Rows y);
Status SumOverRanks(OpContext& context, Rows x);

// y = x normed, row by row; x and y may be the same. RMS: x / sqrt(mean(x^2) + epsilon) * w. Layer:
// (x - mean) / sqrt(variance + epsilon) * w + b.
struct NormSpec {
  NormKind kind = NormKind::kRms;
  float epsilon = 1e-5f;
};
void Norm(OpContext& context, NormSpec spec, const NormWeights& norm, ConstRows x, Rows y);
// x = norm(x + scale * added).
void AddNorm(OpContext& context, NormSpec spec, const NormWeights& norm, ConstRows added,
             float scale, Rows x);
// Each head of `dim` floats on its own, in place; the norm has one weight for all heads, or one for
// each.
void HeadNorm(OpContext& context, NormSpec spec, const NormWeights& norm, size_t dim, Rows heads);

// x = f(x).
void Activate(OpContext& context, Activation f, Rows x);
// gate = f(gate) * up. REQUIRES: contiguous, as for Activate.
void GatedActivate(OpContext& context, Activation f, Rows gate, ConstRows up);
// x += scale * y.
void Add(OpContext& context, Rows x, ConstRows y, float scale = 1.0f);
void Copy(OpContext& context, ConstRows from, Rows to);
void Fill(OpContext& context, float value, Rows x);
// x = cap(scale * x), cap(s) = softcap * tanh(s / softcap); softcap 0: none.
void ScaleSoftcap(OpContext& context, float scale, float softcap, Rows x);

// cos and sin [rows, frequencies] of position * frequency in double, times `factor`.
void RotaryAngles(OpContext& context, std::span<const double> frequencies,
                  std::span<const int64_t> position_ids, double factor, Rows cos, Rows sin);
// Rotates the first 2 * pairs components of each of `heads` vectors of every row, which begin
// `head_stride` floats apart: pair (a, b) of frequency i becomes (a cos - b sin, a sin + b cos). It
// is (v[2i], v[2i + 1]) if interleaved, else (v[i], v[i + pairs]).
void Rotary(OpContext& context, ConstRows cos, ConstRows sin, bool interleaved, size_t heads,
            size_t head_stride, Rows x);

// The rows' keys [rows, heads * key_dim] and values [rows, heads * value_dim] into their sequences'
// blocks. REQUIRES: blocks for all positions.
void StoreKv(OpContext& context, std::span<const SequenceRows> sequences, ConstRows keys,
             ConstRows values, const PagedKv& kv);
// q [rows, heads * key_dim], out [rows, heads * value_dim]; attention.h has the formula.
void PagedAttention(OpContext& context, const AttentionShape& shape, const AttentionRows& rows,
                    const ScoreBias& bias, const PagedKv& kv, ConstRows q, Rows out);
// The same over keys and values that lie in rows: keys [.., kv_heads * dim], values likewise.
// REQUIRES: contiguous keys and values.
void DenseAttention(OpContext& context, const AttentionShape& shape,
                    std::span<const MemoryRows> inputs, size_t kv_heads, ConstRows q,
                    ConstRows keys, ConstRows values, Rows out);

// From router logits [rows, experts], which are overwritten, to who goes where: softmax, the best
// `used` of the eligible (of equal ones the lower number), weighted by their probabilities.
void Route(OpContext& context, const RoutingParams& params, Rows logits, ExpertAssignment& out);
// to[i] = from[rows[i]].
void GatherRows(OpContext& context, std::span<const int32_t> rows, ConstRows from, Rows to);
// to[rows[i]] += weights[i] * from[i]. REQUIRES: rows without repetition.
void ScatterAddRows(OpContext& context, std::span<const int32_t> rows,
                    std::span<const float> weights, ConstRows from, Rows to);
// x[r] *= 1 / (1 + exp(-gate[r])), gate [rows, 1].
void ScaleBySigmoid(OpContext& context, ConstRows gate, Rows x);

}  // namespace pano::ops
