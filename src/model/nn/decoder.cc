#include "model/nn/decoder.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/strings.h"

namespace pano::nn {

Decoder::Decoder(ModelConfig config, DecoderWeights weights, Compute compute, KvType kv_type,
                 ComputePool& pool)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      pool_(pool),
      transformer_(config_, weights_, compute, kv_type, pool),
      layout_(transformer_.state_layout()) {}

Result<std::unique_ptr<State>> Decoder::CreateState(std::span<const int> block_counts) const {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<PagedState> state, transformer_.CreateState(block_counts));
  return std::unique_ptr<State>(std::move(state));
}

Status Decoder::Forward(const StepPlan& plan, State& state, Logits& logits) {
  auto& paged = static_cast<PagedState&>(state);
  PANO_RETURN_IF_ERROR(CheckPlan(plan, paged));
  Embed(plan);
  transformer_.Run(plan.slices, paged, x_.data());
  Head(plan, logits);
  return {};
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

void Decoder::Embed(const StepPlan& plan) {
  const size_t hidden = Size(config_.hidden_size);
  Grow(x_, plan.token_count() * hidden);
  size_t first = 0;
  for (const SequenceSlice& slice : plan.slices) {
    pool_.ParallelFor(slice.tokens.size(), kRowGrain, [&](size_t begin, size_t end, int) {
      std::vector<float> position(weights_.positions.data ? hidden : 0);
      for (size_t i = begin; i < end; ++i) {
        float* x = &x_[(first + i) * hidden];
        kernels::WidenRow(weights_.embedding, Size(slice.tokens[i]), x);
        if (config_.embedding_scale != 1.0f) {
          for (size_t d = 0; d < hidden; ++d) x[d] *= config_.embedding_scale;
        }
        if (position.empty()) continue;
        const int64_t at = slice.position + static_cast<int64_t>(i) + config_.position_offset;
        kernels::WidenRow(weights_.positions, Size(at), position.data());
        for (size_t d = 0; d < hidden; ++d) x[d] += position[d];
      }
    });
    first += slice.tokens.size();
  }
  if (config_.embedding_norm)
    transformer_.Norm(weights_.embedding_norm, x_.data(), first, x_.data());
}

void Decoder::TransformHead(size_t count) {
  const size_t size = count * Size(config_.hidden_size);
  Grow(transformed_, size);
  transformer_.Apply(weights_.head_dense, wanted_.data(), count, transformed_.data());
  kernels::SelectIsa().activation(*config_.head_transform).plain(transformed_.data(), size);
  transformer_.Norm(weights_.head_norm, transformed_.data(), count, wanted_.data());
}

void Decoder::Head(const StepPlan& plan, Logits& logits) {
  const size_t hidden = Size(config_.hidden_size);
  size_t row = 0, count = 0;
  for (const SequenceSlice& slice : plan.slices) {
    const size_t wanted = slice.tokens.size() - std::min(slice.logits_from, slice.tokens.size());
    Grow(wanted_, (count + wanted) * hidden);
    row += slice.tokens.size();
    std::copy_n(x_.data() + (row - wanted) * hidden, wanted * hidden,
                wanted_.data() + count * hidden);
    count += wanted;
  }
  logits.Resize(count, Size(config_.vocab_size));
  if (count == 0) return;
  if (config_.final_norm) {
    transformer_.Norm(weights_.final_norm, wanted_.data(), count, wanted_.data());
  }
  if (config_.head_transform) TransformHead(count);
  transformer_.Apply(weights_.head, wanted_.data(), count, logits.data());
  const float scale = config_.logit_scale, cap = config_.final_softcap;
  if (scale == 1.0f && cap <= 0.0f) return;
  pool_.ParallelFor(count, 1, [&](size_t begin, size_t end, int) {
    for (float& logit :
         std::span(logits.data() + begin * logits.vocab(), (end - begin) * logits.vocab())) {
      logit *= scale;
      if (cap > 0.0f) logit = cap * std::tanh(logit / cap);
    }
  });
}

}  // namespace pano::nn
