#pragma once

#include <memory>

#include "infra/device/cpu_device.h"
#include "model/ops/context.h"
#include "model/ops/operators.h"

namespace pano::ops::testing {

// The operators once more, as their definitions read: plain loops over single values in float64,
// one row after another, no kernels, no threads. What other implementations are compared with, and
// the proof that a device is one such class. Memory is the host's. Confined to one thread.
class NaiveOperators final : public Operators {
 public:
  device::Device& device() override { return device_; }

  void Embedding(OpContext& context, const tensor::TensorView& table, std::span<const int32_t> ids,
                 float scale, bool accumulate, Rows out) override;
  void MatrixProducts(OpContext& context, ConstRows x,
                      std::span<const MatrixProduct> products) override;
  void AddLowRank(OpContext& context, std::span<const LowRankProduct> products) override;
  void ScaleShift(OpContext& context, const float* scale, const float* shift, Rows x) override;
  void Norm(OpContext& context, const NormArgs& args, ConstRows x, Rows y) override;
  void Activate(OpContext& context, Activation f, Rows x) override;
  void GatedActivate(OpContext& context, Activation f, Rows gate, ConstRows up) override;
  void Add(OpContext& context, Rows x, ConstRows y, float scale) override;
  void Copy(OpContext& context, ConstRows from, Rows to) override;
  void Fill(OpContext& context, float value, Rows x) override;
  void ScaleSoftcap(OpContext& context, float scale, float softcap, Rows x) override;
  void RotaryAngles(OpContext& context, std::span<const double> frequencies,
                    std::span<const int64_t> position_ids, double factor, Rows cos,
                    Rows sin) override;
  void Rotary(OpContext& context, ConstRows cos, ConstRows sin, bool interleaved, size_t heads,
              size_t head_stride, Rows x) override;
  // Of the formats of keys and values it knows F32.
  void StoreKv(OpContext& context, std::span<const SequenceRows> sequences, ConstRows keys,
               ConstRows values, const PagedKv& kv) override;
  void PagedAttention(OpContext& context, const AttentionShape& shape, const AttentionRows& rows,
                      const ScoreBias& bias, const PagedKv& kv, ConstRows q, Rows out) override;
  void DenseAttention(OpContext& context, const AttentionShape& shape,
                      std::span<const MemoryRows> inputs, size_t kv_heads, ConstRows q,
                      ConstRows keys, ConstRows values, Rows out) override;
  void Route(OpContext& context, const RoutingParams& params, Rows logits,
             ExpertAssignment& out) override;
  void GatherRows(OpContext& context, std::span<const int32_t> rows, ConstRows from,
                  Rows to) override;
  void ScatterAddRows(OpContext& context, std::span<const int32_t> rows,
                      std::span<const float> weights, ConstRows from, Rows to) override;
  void ScaleBySigmoid(OpContext& context, ConstRows gate, Rows x) override;

 private:
  device::CpuDevice device_;
};

std::unique_ptr<OpContext> CreateNaiveContext(ComputePool& pool,
                                              collective::Communicator* communicator = nullptr);

}  // namespace pano::ops::testing
