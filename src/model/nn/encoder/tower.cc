#include "model/nn/encoder/tower.h"

#include <algorithm>
#include <numeric>

namespace pano::encoder {

Tower::Tower(nn::ModelConfig config, nn::DecoderWeights weights, nn::Compute compute,
             ComputePool& pool)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      pool_(pool),
      transformer_(config_, weights_, compute, nn::KvType::kF32, pool) {}

Status Tower::ReserveState(int blocks) {
  if (blocks <= blocks_) return {};
  state_.reset();
  const std::vector<int> counts = transformer_.state_layout().Uniform(blocks);
  PANO_ASSIGN_OR_RETURN(state_, transformer_.CreateState(counts));
  blocks_ = blocks;
  return {};
}

Status Tower::Run(const PackedRows& rows, const Memory& memory, float* x) {
  const size_t total = rows.size();
  if (total == 0) return {};
  // The slices' tokens are counted, not read: the rows are embedded already.
  const std::vector<nn::TokenId> tokens(total);
  std::vector<nn::BlockId> blocks(total / nn::kBlockTokens + rows.counts.size() + 1);
  std::iota(blocks.begin(), blocks.end(), 0);
  std::vector<nn::SequenceSlice> slices;
  nn::PassExtras extras;
  size_t row = 0, block = 0;
  const size_t groups = transformer_.state_layout().groups.size();
  for (size_t count : rows.counts) {
    nn::SequenceSlice slice;
    slice.tokens = std::span(tokens).subspan(row, count);
    const size_t used = (count + nn::kBlockTokens - 1) / nn::kBlockTokens;
    slice.tables.assign(groups, std::span(blocks).subspan(block, used));
    slices.push_back(std::move(slice));
    if (!rows.places.empty()) extras.places.push_back(std::span(rows.places).subspan(row, count));
    row += count;
    block += used;
  }
  extras.unseen = rows.unseen;
  extras.memory = memory.x;
  extras.memory_counts.assign(memory.counts.begin(), memory.counts.end());
  PANO_RETURN_IF_ERROR(ReserveState(static_cast<int>(block)));
  if (config_.embedding_norm) transformer_.Norm(weights_.embedding_norm, x, total, x);
  transformer_.Run(slices, *state_, x, extras);
  if (config_.final_norm) transformer_.Norm(weights_.final_norm, x, total, x);
  return {};
}

}  // namespace pano::encoder
