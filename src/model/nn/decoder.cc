#include "model/nn/decoder.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "model/nn/bound_adapter.h"

namespace pano::nn {

Decoder::Decoder(ModelConfig config, DecoderWeights weights, KvType kv_type,
                 std::unique_ptr<ops::OpContext> ops)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      ops_(std::move(ops)),
      transformer_(config_, weights_, kv_type, *ops_),
      layout_(transformer_.state_layout()) {}

Result<std::unique_ptr<State>> Decoder::CreateState(std::span<const int> block_counts) const {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<PagedState> state, transformer_.CreateState(block_counts));
  return std::unique_ptr<State>(std::move(state));
}

Status Decoder::Forward(const StepPlan& plan, State& state, Logits& logits) {
  auto& paged = static_cast<PagedState&>(state);
  PANO_RETURN_IF_ERROR(CheckPlan(plan, paged));
  ListRows(plan);
  const ops::AdapterScope adapters(*ops_, std::span<const ops::AdapterRun>(adapter_runs_));
  ops::Workspace::Scope scope(ops_->workspace());
  const ops::Rows x = scope.Take(tokens_.size(), Size(config_.hidden_size));
  Embed(x);
  PANO_RETURN_IF_ERROR(transformer_.RunWanted(spans_, paged, x, wanted_));
  return Head(x.Slice(0, wanted_.size()), logits);
}

Status Decoder::CheckPlan(const StepPlan& plan, const PagedState& state) const {
  for (const SequenceSlice& slice : plan.slices) {
    const int64_t end = slice.position + static_cast<int64_t>(slice.tokens.size());
    if (slice.tokens.empty() || slice.position < 0 || end > config_.context_length) {
      return InvalidArgument(StrCat("[nn] positions [", slice.position, ", ", end,
                                    ") are outside the context of ", config_.context_length));
    }
    for (TokenId token : slice.tokens) {
      if (token < 0 || token >= config_.vocab_size) {
        return InvalidArgument(
            StrCat("[nn] token ", token, " is outside the vocabulary of ", config_.vocab_size));
      }
    }
    PANO_RETURN_IF_ERROR(CheckTables(slice, state));
  }
  return {};
}

// Tables come from our own engine: what is wrong in them is our bug.
Status Decoder::CheckTables(const SequenceSlice& slice, const PagedState& state) const {
  const int64_t end = slice.position + static_cast<int64_t>(slice.tokens.size());
  PANO_CHECK(slice.tables.size() == layout_.groups.size());
  for (size_t g = 0; g < layout_.groups.size(); ++g) {
    const int64_t window = layout_.groups[g].window;
    const int64_t seen = window > 0 ? std::max<int64_t>(0, slice.position - window + 1) : 0;
    PANO_CHECK(slice.tables[g].size() * kBlockTokens >= Size(end));
    for (int64_t i = 0; i * kBlockTokens < end; ++i) {
      const BlockId block = slice.tables[g][Size(i)];
      if (block == kNoBlock && (i + 1) * kBlockTokens <= seen) continue;
      PANO_CHECK(block >= 0 && block < state.block_count(g));
    }
  }
  return {};
}

void Decoder::ListRows(const StepPlan& plan) {
  spans_.clear();
  tokens_.clear();
  position_rows_.clear();
  wanted_.clear();
  adapter_runs_.clear();
  for (const SequenceSlice& slice : plan.slices) {
    if (slice.adapter) {
      AppendRun(adapter_runs_, tokens_.size(), slice.tokens.size(), *slice.adapter);
    }
    RowSpan span;
    span.count = slice.tokens.size();
    span.position = slice.position;
    span.planned_length = slice.planned_length;
    span.tables = slice.tables;
    spans_.push_back(span);
    for (size_t i = slice.logits_from; i < slice.tokens.size(); ++i) {
      wanted_.push_back(static_cast<int32_t>(tokens_.size() + i));
    }
    tokens_.insert(tokens_.end(), slice.tokens.begin(), slice.tokens.end());
    if (!weights_.positions.data) continue;
    const int64_t first = slice.position + config_.position_offset;
    for (size_t i = 0; i < slice.tokens.size(); ++i) {
      position_rows_.push_back(static_cast<int32_t>(first + static_cast<int64_t>(i)));
    }
  }
}

const Decoder* Decoder::AsDecoder() const {
  return ops_->communicator().size() == 1 ? this : nullptr;
}

void Decoder::Embed(ops::Rows x) {
  ops::Embedding(*ops_, weights_.embedding, tokens_, config_.embedding_scale, false, x);
  if (weights_.positions.data) {
    ops::Embedding(*ops_, weights_.positions, position_rows_, 1.0f, true, x);
  }
  if (config_.embedding_norm) Norm(weights_.embedding_norm, x);
}

void Decoder::Norm(const NormWeights& norm, ops::Rows x) {
  ops::Norm(*ops_, {config_.norm, config_.norm_epsilon}, norm, x, x);
}

// The matrix, activation and norm that some models have in front of the head, in place.
Status Decoder::TransformHead(ops::Rows x) {
  ops::Workspace::Scope scope(ops_->workspace());
  const ops::Rows y = scope.Take(x.rows, x.width);
  PANO_RETURN_IF_ERROR(ops::LinearLayer(*ops_, weights_.head_dense, x, y));
  ops::Activate(*ops_, *config_.head_transform, y);
  ops::Norm(*ops_, {config_.norm, config_.norm_epsilon}, weights_.head_norm, y, x);
  return {};
}

// In place, of the rows that are wanted.
Status Decoder::Head(ops::Rows x, Logits& logits) {
  logits.Resize(x.rows, Size(config_.vocab_size));
  if (x.rows == 0) return {};
  const ops::AdapterScope adapters(*ops_, std::span<const int32_t>(wanted_));
  if (config_.final_norm) Norm(weights_.final_norm, x);
  if (config_.head_transform) PANO_RETURN_IF_ERROR(TransformHead(x));
  const ops::Rows out(logits.data(), x.rows, logits.vocab());
  PANO_RETURN_IF_ERROR(ops::LinearLayer(*ops_, weights_.head, x, out));
  ops::ScaleSoftcap(*ops_, config_.logit_scale, config_.final_softcap, out);
  return {};
}

}  // namespace pano::nn
