#include "model/nn/encoder/tower.h"

#include "base/threads.h"
#include "model/nn/encoder/input_parts.h"
#include "model/ops/ops.h"

namespace pano::encoder {

struct Tower::Lane {
  explicit Lane(const Tower& tower)
      : stack(tower.config_, tower.weights_, tower.compute_, alone) {
    constexpr size_t kCachedRows = 64;  // with what is between the two matrices of a feed-forward block
    stack.ops().set_rows_at_once(kCachedRows);
  }

  ComputePool alone{1};
  InputStack stack;
  Status status;
};

Tower::Tower(nn::ModelConfig config, nn::DecoderWeights weights, nn::Compute compute,
             ComputePool& pool)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      compute_(compute),
      whole_(config_, weights_, compute, pool) {
  ops().set_keeps_rows(true);
}

Tower::~Tower() = default;

void Tower::Norm(const nn::NormWeights& norm, ops::ConstRows x, ops::Rows y) {
  ops::Norm(ops(), {config_.norm, config_.norm_epsilon}, norm, x, y);
}

Status Tower::Run(const PackedRows& rows, const Memory& memory, ops::Rows x) {
  const auto threads = static_cast<size_t>(ops().pool().threads());
  const std::vector<InputRange> parts = CutInputs(rows.counts, threads);
  if (parts.empty()) return whole_.Run(rows, AllInputs(rows), memory, x);
  while (lanes_.size() < threads) lanes_.push_back(std::make_unique<Lane>(*this));
  return RunParts(parts, rows, memory, x);
}

Status Tower::RunParts(const std::vector<InputRange>& parts, const PackedRows& rows,
                       const Memory& memory, ops::Rows x) {
  for (const auto& lane : lanes_) lane->status = {};
  const std::span<const ops::AdapterRun> adapters = ops().adapter_runs();
  ops().pool().ParallelFor(parts.size(), 1, [&](size_t begin, size_t end, int worker) {
    Lane& lane = *lanes_[static_cast<size_t>(worker)];
    for (size_t i = begin; i < end && lane.status.ok(); ++i) {
      const InputRange& part = parts[i];
      lane.status = lane.stack.RunAdapted(rows, part, memory, adapters,
                                          x.Slice(part.first_row, part.rows));
    }
  });
  for (const auto& lane : lanes_) PANO_RETURN_IF_ERROR(lane->status);
  return {};
}

}  // namespace pano::encoder
