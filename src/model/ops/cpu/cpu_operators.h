#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "model/kernels/isa.h"
#include "model/ops/context.h"
#include "model/ops/operators.h"

namespace pano::ops {

// The operators on the host's processor: loops over rows on the compute pool around the kernels of
// the instruction set in force. Confined to one thread at a time; the pool does the work.
class CpuOperators : public Operators {
 public:
  CpuOperators(std::shared_ptr<device::Device> device, Compute compute);

  device::Device& device() override { return *device_; }

  void Embedding(OpContext& context, const tensor::TensorView& table, std::span<const int32_t> ids,
                 float scale, bool accumulate, Rows out) override;
  void MatrixProducts(OpContext& context, ConstRows x,
                      std::span<const MatrixProduct> products) override;
  void AddLowRank(OpContext& context, std::span<const LowRankProduct> products) override;
  void ScaleShift(OpContext& context, const float* scale, const float* shift, Rows x) override;
  void Norm(OpContext& context, const NormArgs& args, ConstRows x, Rows y) override;
  void AddNorm(OpContext& context, const NormArgs& args, ConstRows added, float scale,
               Rows x) override;
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
  // Rows of one sequence that attend together, for each key head.
  struct Tile {
    size_t sequence = 0, row = 0, count = 0;
  };
  // What a thread of the pool needs between calls.
  struct Worker {
    std::vector<kernels::AttentionQuery> queries;
    std::vector<float> scratch, bias;
    std::vector<float> probabilities, scores, group_best;  // of one row's experts
    std::vector<uint8_t> taken;
    std::vector<size_t> order;
    std::vector<std::byte> tiles;

    // So many bytes, aligned for tiles.
    std::byte* Tiles(size_t bytes) {
      constexpr size_t kAlignment = 64;
      if (tiles.size() < bytes + kAlignment) tiles.resize(bytes + kAlignment);
      return tiles.data() + (kAlignment - reinterpret_cast<uintptr_t>(tiles.data()) % kAlignment);
    }
  };
  // A low-rank product of a call, and where its work begins in that of all.
  struct LowRankPart {
    const LowRankProduct* product = nullptr;
    const float* t = nullptr;
    float* computed = nullptr;           // t, where it is computed here
    size_t first_down = 0, first_up = 0;  // groups of ranks, panels of outputs
  };
  template <typename Run>
  static void ShareOut(OpContext& context, size_t count, size_t work, const Run& run);
  Worker& WorkerOf(int worker) { return workers_[static_cast<size_t>(worker)]; }
  void FitWorkers(OpContext& context);
  template <typename Sequences>
  void FillTiles(const Sequences& sequences, size_t heads_per_key);

  void NormAll(OpContext& context, const NormArgs& args, ConstRows x, ConstRows added, float scale,
               Rows y);
  void Multiply(OpContext& context, ConstRows x, std::span<const MatrixProduct> products);
  static void SetBias(const ScoreBias& bias, const AttentionRows& rows, const Tile& tile,
                      size_t first_head, size_t head_count, Worker& worker);
  void TileAttention(OpContext& context, const AttentionShape& shape,
                     std::span<const MemoryRows> inputs, size_t kv_heads, ConstRows q,
                     ConstRows keys, ConstRows values, Rows out);
  static void RunAttention(kernels::AttentionFn attention, kernels::AttentionArgs& args,
                           Worker& worker);
  static void RouteRow(const RoutingParams& params, std::span<float> logits, Worker& worker);

  const std::shared_ptr<device::Device> device_;
  const Compute compute_;
  const kernels::Isa& isa_;
  kernels::ActivationStore quantised_;
  std::vector<kernels::PackedProduct> packed_;
  std::vector<Worker> workers_;
  std::vector<Tile> tiles_;
  std::vector<LowRankPart> low_rank_;
  std::vector<int32_t> identity_;  // block b is b
};

}  // namespace pano::ops
