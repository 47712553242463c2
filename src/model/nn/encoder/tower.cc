#include "model/nn/encoder/tower.h"

#include <algorithm>

#include "base/threads.h"

namespace pano::encoder {

Tower::Tower(nn::ModelConfig config, nn::DecoderWeights weights, nn::Compute compute,
             ComputePool& pool)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      ops_(ops::CreateCpuContext(compute, pool)),
      transformer_(config_, weights_, nn::KvType::kF32, *ops_) {}

Status Tower::ReserveState(int blocks) {
  if (blocks <= blocks_) return {};
  state_.reset();
  const std::vector<int> counts = transformer_.state_layout().Uniform(blocks);
  PANO_ASSIGN_OR_RETURN(state_, transformer_.CreateState(counts));
  blocks_ = blocks;
  return {};
}

void Tower::Norm(const nn::NormWeights& norm, ops::ConstRows x, ops::Rows y) {
  ops::Norm(*ops_, {config_.norm, config_.norm_epsilon}, norm, x, y);
}

// Every input is a span of rows from position 0 on, with blocks of its own for one call.
Status Tower::Run(const PackedRows& rows, const Memory& memory, ops::Rows x) {
  const size_t total = rows.size();
  if (total == 0) return {};
  const size_t groups = transformer_.state_layout().groups.size();
  const size_t blocks_max = total / nn::kBlockTokens + rows.counts.size();
  while (block_ids_.size() < blocks_max) {
    block_ids_.push_back(static_cast<nn::BlockId>(block_ids_.size()));
  }
  std::vector<std::span<const nn::BlockId>> tables(rows.counts.size() * groups);
  std::vector<nn::RowSpan> spans;
  size_t row = 0, block = 0;
  for (size_t i = 0; i < rows.counts.size(); ++i) {
    const size_t count = rows.counts[i];
    const size_t used = (count + nn::kBlockTokens - 1) / nn::kBlockTokens;
    const auto own = std::span(tables).subspan(i * groups, groups);
    std::ranges::fill(own, std::span(block_ids_).subspan(block, used));
    nn::RowSpan span;
    span.count = count;
    span.tables = own;
    if (!rows.position_ids.empty()) {
      span.position_ids = std::span(rows.position_ids).subspan(row, count);
    }
    span.query_only = count - rows.kept(i);
    if (!memory.counts.empty()) span.memory_rows = memory.counts[i];
    spans.push_back(span);
    row += count;
    block += used;
  }
  PANO_RETURN_IF_ERROR(ReserveState(static_cast<int>(block)));
  if (config_.embedding_norm) Norm(weights_.embedding_norm, x, x);
  PANO_RETURN_IF_ERROR(transformer_.Run(spans, *state_, x, memory.x));
  if (config_.final_norm) Norm(weights_.final_norm, x, x);
  return {};
}

}  // namespace pano::encoder
