#include "model/nn/encoder/input_stack.h"

#include <algorithm>
#include <numeric>

#include "base/threads.h"
#include "model/ops/ops.h"

namespace pano::encoder {
namespace {

// Blocks of all inputs, of which each begins one of its own.
size_t BlocksMax(const InputRange& range) { return range.rows / nn::kBlockTokens + range.count; }

}  // namespace

InputStack::InputStack(const nn::ModelConfig& config, const nn::DecoderWeights& weights,
                       nn::Compute compute, ComputePool& pool)
    : config_(config),
      weights_(weights),
      ops_(ops::CreateCpuContext(compute, pool)),
      transformer_(config, weights, nn::KvType::kF32, *ops_) {}

Status InputStack::ReserveState(int blocks) {
  if (blocks <= blocks_) return {};
  state_.reset();
  const std::vector<int> counts = transformer_.state_layout().Uniform(blocks);
  PANO_ASSIGN_OR_RETURN(state_, transformer_.CreateState(counts));
  blocks_ = blocks;
  return {};
}

void InputStack::Norm(const nn::NormWeights& norm, ops::Rows x) {
  ops::Norm(*ops_, {config_.norm, config_.norm_epsilon}, norm, x, x);
}

// Every input is a span of rows from position 0 on, with blocks of its own for one call.
void InputStack::ListSpans(const PackedRows& rows, const InputRange& range, const Memory& memory) {
  const size_t groups = transformer_.state_layout().groups.size();
  while (block_ids_.size() < BlocksMax(range)) {
    block_ids_.push_back(static_cast<nn::BlockId>(block_ids_.size()));
  }
  tables_.resize(range.count * groups);
  spans_.clear();
  size_t row = range.first_row, block = 0;
  for (size_t i = 0; i < range.count; ++i) {
    const size_t input = range.first + i, count = rows.counts[input];
    const size_t used = (count + nn::kBlockTokens - 1) / nn::kBlockTokens;
    const auto own = std::span(tables_).subspan(i * groups, groups);
    std::ranges::fill(own, std::span<const nn::BlockId>(block_ids_).subspan(block, used));
    nn::RowSpan span;
    span.count = count;
    span.tables = own;
    if (!rows.position_ids.empty()) {
      span.position_ids = std::span(rows.position_ids).subspan(row, count);
    }
    span.query_only = count - rows.kept(input);
    if (!memory.counts.empty()) span.memory_rows = memory.counts[input];
    spans_.push_back(span);
    row += count;
    block += used;
  }
}

Status InputStack::Run(const PackedRows& rows, const InputRange& range, const Memory& memory,
                       ops::Rows x) {
  if (range.rows == 0) return {};
  ListSpans(rows, range, memory);
  PANO_RETURN_IF_ERROR(ReserveState(static_cast<int>(BlocksMax(range))));
  ops::ConstRows seen = memory.x;
  if (!memory.counts.empty()) {
    const auto before = memory.counts.first(range.first);
    const auto own = memory.counts.subspan(range.first, range.count);
    seen = seen.Slice(std::accumulate(before.begin(), before.end(), size_t{0}),
                      std::accumulate(own.begin(), own.end(), size_t{0}));
  }
  if (config_.embedding_norm) Norm(weights_.embedding_norm, x);
  PANO_RETURN_IF_ERROR(transformer_.Run(spans_, *state_, x, seen));
  if (config_.final_norm) Norm(weights_.final_norm, x);
  return {};
}

Status InputStack::RunAdapted(const PackedRows& rows, const InputRange& range, const Memory& memory,
                              std::span<const ops::AdapterRun> adapters, ops::Rows x) {
  runs_.clear();
  const size_t end = range.first_row + range.rows;
  for (const ops::AdapterRun& run : adapters) {
    const size_t from = std::max(run.begin, range.first_row), to = std::min(run.begin + run.count, end);
    if (from < to) runs_.push_back({from - range.first_row, to - from, run.adapter});
  }
  const ops::AdapterScope scope(*ops_, std::span<const ops::AdapterRun>(runs_));
  return Run(rows, range, memory, x);
}

}  // namespace pano::encoder
