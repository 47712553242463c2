#pragma once

#include <memory>
#include <span>

#include "infra/device/device.h"
#include "model/ops/adapter.h"
#include "model/ops/attention.h"
#include "model/ops/routing.h"
#include "model/ops/types.h"
#include "model/ops/view.h"
#include "model/tensor/tensor.h"

namespace pano::ops {

class OpContext;

// One matrix product of several with the same x: y = x times the transposed weight, plus bias.
struct MatrixProduct {
  const tensor::TensorView* weight = nullptr;  // [out, in]
  const float* bias = nullptr;                 // [out] or null
  Rows y;                                      // [rows, out]
};

struct NormArgs {
  NormKind kind = NormKind::kRms;
  float epsilon = 0.0f;
  const float* weight = nullptr;  // [parts or 1, width / parts]
  const float* bias = nullptr;    // [width / parts] or null
  size_t parts = 1;               // a row is normed in parts of equal width: heads
  bool weight_per_part = false;   // else all parts share one
};

// What a device can do: the operators of ops.h, whose contracts they keep, for shapes that those
// have checked. A new device is one more of these and nothing else (README.md says how). Confined
// to one thread at a time; what they need between calls is their own.
class Operators {
 public:
  virtual ~Operators() = default;

  virtual device::Device& device() = 0;

  virtual void Embedding(OpContext& context, const tensor::TensorView& table,
                         std::span<const int32_t> ids, float scale, bool accumulate, Rows out) = 0;
  virtual void MatrixProducts(OpContext& context, ConstRows x,
                              std::span<const MatrixProduct> products) = 0;
  // y += scale * B (A x) for each product, whose y do not overlap.
  virtual void AddLowRank(OpContext& context, std::span<const LowRankProduct> products) = 0;
  // Row by row, x = scale * x + shift; a null one is left out. [x.width] each.
  virtual void ScaleShift(OpContext& context, const float* scale, const float* shift, Rows x) = 0;
  virtual void Norm(OpContext& context, const NormArgs& args, ConstRows x, Rows y) = 0;
  // Add and Norm, which a device may do in one go.
  virtual void AddNorm(OpContext& context, const NormArgs& args, ConstRows added, float scale,
                       Rows x) {
    Add(context, x, added, scale);
    Norm(context, args, x, x);
  }
  virtual void Activate(OpContext& context, Activation f, Rows x) = 0;
  virtual void GatedActivate(OpContext& context, Activation f, Rows gate, ConstRows up) = 0;
  virtual void Add(OpContext& context, Rows x, ConstRows y, float scale) = 0;
  virtual void Copy(OpContext& context, ConstRows from, Rows to) = 0;
  virtual void Fill(OpContext& context, float value, Rows x) = 0;
  virtual void ScaleSoftcap(OpContext& context, float scale, float softcap, Rows x) = 0;

  virtual void RotaryAngles(OpContext& context, std::span<const double> frequencies,
                            std::span<const int64_t> position_ids, double factor, Rows cos,
                            Rows sin) = 0;
  virtual void Rotary(OpContext& context, ConstRows cos, ConstRows sin, bool interleaved,
                      size_t heads, size_t head_stride, Rows x) = 0;

  virtual void StoreKv(OpContext& context, std::span<const SequenceRows> sequences, ConstRows keys,
                       ConstRows values, const PagedKv& kv) = 0;
  virtual void PagedAttention(OpContext& context, const AttentionShape& shape,
                              const AttentionRows& rows, const ScoreBias& bias, const PagedKv& kv,
                              ConstRows q, Rows out) = 0;
  virtual void DenseAttention(OpContext& context, const AttentionShape& shape,
                              std::span<const MemoryRows> inputs, size_t kv_heads, ConstRows q,
                              ConstRows keys, ConstRows values, Rows out) = 0;

  virtual void Route(OpContext& context, const RoutingParams& params, Rows logits,
                     ExpertAssignment& out) = 0;
  virtual void GatherRows(OpContext& context, std::span<const int32_t> rows, ConstRows from,
                          Rows to) = 0;
  virtual void ScatterAddRows(OpContext& context, std::span<const int32_t> rows,
                              std::span<const float> weights, ConstRows from, Rows to) = 0;
  virtual void ScaleBySigmoid(OpContext& context, ConstRows gate, Rows x) = 0;
};

// The operators for `device`. Unimplemented for a kind that has none in this build.
Result<std::unique_ptr<Operators>> CreateOperators(std::shared_ptr<device::Device> device,
                                                   Compute compute);

}  // namespace pano::ops
