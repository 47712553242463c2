#include "model/nn/decoder.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "model/kernels/rope/rope.h"

namespace pano::nn {
namespace {

// Elementwise work is handed out in rows; so many make a part worth a thread.
constexpr size_t kRowGrain = 4;

size_t Size(int64_t n) { return static_cast<size_t>(n); }

void Add(std::vector<float>& x, const std::vector<float>& y, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] += y[i];
}

}  // namespace

Decoder::Decoder(ModelConfig config, DecoderWeights weights, KvType kv_type, ComputePool& pool)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      kv_shape_{static_cast<int>(config_.layer_count), static_cast<int>(config_.kv_head_count),
                static_cast<int>(config_.head_dim), kv_type},
      rope_(config_.rope, weights_.rope_factors),
      isa_(kernels::SelectIsa()),
      attention_(isa_.attention(kv_type == KvType::kF16)),
      pool_(pool) {
  ws_.scores.resize(static_cast<size_t>(pool_.threads()));
}

StateLayout Decoder::state_layout() const {
  return {{{StateGroup::Kind::kPaged, kv_shape_.layer_count, kv_shape_.bytes_per_block()}}};
}

Result<std::unique_ptr<State>> Decoder::CreateState(std::span<const int> block_counts) const {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<PagedState> state,
                        PagedState::Create(kv_shape_, block_counts[0]));
  return std::unique_ptr<State>(std::move(state));
}

Status Decoder::Forward(const StepPlan& plan, State& state, Logits& logits) {
  auto& paged = static_cast<PagedState&>(state);
  PANO_RETURN_IF_ERROR(CheckPlan(plan, paged));
  Prepare(plan);
  Embed();
  for (int layer = 0; layer < kv_shape_.layer_count; ++layer) {
    AttentionBlock(layer, paged);
    FeedForward(layer);
  }
  Head(logits);
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
        return InvalidArgument(StrCat("[nn] token ", token, " is outside the vocabulary of ",
                                      config_.vocab_size));
      }
    }
    PANO_CHECK(slice.tables.size() == 1);
    PANO_CHECK(slice.tables[0].size() * kBlockTokens >= Size(end));
    for (BlockId block : slice.tables[0]) PANO_CHECK(block >= 0 && block < state.block_count(0));
  }
  return {};
}

void Decoder::Prepare(const StepPlan& plan) {
  ws_.rows.clear();
  ws_.wanted.clear();
  for (const SequenceSlice& slice : plan.slices) {
    for (size_t i = 0; i < slice.tokens.size(); ++i) {
      if (i >= slice.logits_from) ws_.wanted.push_back(ws_.rows.size());
      ws_.rows.push_back({&slice, slice.position + static_cast<int64_t>(i)});
    }
  }
  const size_t rows = ws_.rows.size();
  auto grow = [rows](std::vector<float>& v, int64_t width) {
    if (v.size() < rows * Size(width)) v.resize(rows * Size(width));
  };
  grow(ws_.x, config_.hidden_size);
  grow(ws_.normed, config_.hidden_size);
  grow(ws_.projected, config_.hidden_size);
  grow(ws_.q, config_.head_count * config_.head_dim);
  grow(ws_.attended, config_.head_count * config_.head_dim);
  grow(ws_.k, config_.kv_head_count * config_.head_dim);
  grow(ws_.v, config_.kv_head_count * config_.head_dim);
  grow(ws_.gate, config_.ffn_size);
  grow(ws_.up, config_.ffn_size);
  grow(ws_.cos, static_cast<int64_t>(rope_.pairs()));
  grow(ws_.sin, static_cast<int64_t>(rope_.pairs()));
}

void Decoder::Embed() {
  const size_t hidden = Size(config_.hidden_size), pairs = rope_.pairs();
  pool_.ParallelFor(ws_.rows.size(), kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      const Row& row = ws_.rows[r];
      const TokenId token = row.slice->tokens[Size(row.position - row.slice->position)];
      kernels::WidenRow(weights_.embedding, Size(token), &ws_.x[r * hidden]);
      rope_.Fill(row.position, &ws_.cos[r * pairs], &ws_.sin[r * pairs]);
    }
  });
}

void Decoder::AttentionBlock(int layer, PagedState& state) {
  const DecoderWeights::Layer& w = weights_.layers[static_cast<size_t>(layer)];
  const size_t rows = ws_.rows.size();
  Norm(ws_.x, w.attention_norm, ws_.normed);
  Apply(w.q, ws_.normed, rows, ws_.q.data());
  Apply(w.k, ws_.normed, rows, ws_.k.data());
  Apply(w.v, ws_.normed, rows, ws_.v.data());
  Rotate();
  StoreKeysAndValues(layer, state);
  Attend(layer, state);
  Apply(w.o, ws_.attended, rows, ws_.projected.data());
  Add(ws_.x, ws_.projected, rows * Size(config_.hidden_size));
}

void Decoder::Rotate() {
  const auto rotate = config_.rope.interleaved ? kernels::RopeInterleaved : kernels::RopeHalves;
  const size_t heads = Size(config_.head_count), kv_heads = Size(config_.kv_head_count);
  const size_t dim = Size(config_.head_dim), turned = Size(config_.rope.dim), pairs = rope_.pairs();
  pool_.ParallelFor(ws_.rows.size(), kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      const float* cos = &ws_.cos[r * pairs];
      const float* sin = &ws_.sin[r * pairs];
      for (size_t h = 0; h < heads; ++h) rotate(&ws_.q[(r * heads + h) * dim], cos, sin, turned);
      for (size_t h = 0; h < kv_heads; ++h) {
        rotate(&ws_.k[(r * kv_heads + h) * dim], cos, sin, turned);
      }
    }
  });
}

void Decoder::StoreKeysAndValues(int layer, PagedState& state) {
  const size_t kv_heads = Size(config_.kv_head_count), dim = Size(config_.head_dim);
  pool_.ParallelFor(ws_.rows.size(), kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      const Row& row = ws_.rows[r];
      const BlockId block = row.slice->tables[0][Size(row.position / kBlockTokens)];
      const int slot = static_cast<int>(row.position % kBlockTokens);
      for (size_t h = 0; h < kv_heads; ++h) {
        const int head = static_cast<int>(h);
        const size_t at = (r * kv_heads + h) * dim;
        state.Put(state.keys(layer, head), block, slot, &ws_.k[at]);
        state.Put(state.values(layer, head), block, slot, &ws_.v[at]);
      }
    }
  });
}

void Decoder::Attend(int layer, PagedState& state) {
  const size_t heads = Size(config_.head_count), kv_heads = Size(config_.kv_head_count);
  const size_t group = heads / kv_heads, dim = Size(config_.head_dim);
  const float scale = 1.0f / std::sqrt(static_cast<float>(config_.head_dim));
  pool_.ParallelFor(ws_.rows.size() * kv_heads, 1, [&](size_t begin, size_t end, int worker) {
    std::vector<float>& scores = ws_.scores[static_cast<size_t>(worker)];
    for (size_t item = begin; item < end; ++item) {
      const size_t r = item / kv_heads, h = item % kv_heads;
      const Row& row = ws_.rows[r];
      const size_t kept = group * kernels::AttentionScores(0, row.position + 1, kBlockTokens);
      if (scores.size() < kept) scores.resize(kept);
      kernels::AttentionArgs args;
      args.q = &ws_.q[(r * heads + h * group) * dim];
      args.out = &ws_.attended[(r * heads + h * group) * dim];
      args.group = group;
      args.head_dim = args.value_dim = args.key_stride = args.value_stride = dim;
      args.scale = scale;
      args.length = row.position + 1;
      args.keys = state.keys(layer, static_cast<int>(h));
      args.values = state.values(layer, static_cast<int>(h));
      args.block_stride = kv_shape_.block_bytes();
      args.table = row.slice->tables[0].data();
      args.block_tokens = kBlockTokens;
      args.scores = scores.data();
      attention_(args);
    }
  });
}

void Decoder::FeedForward(int layer) {
  const DecoderWeights::Layer& w = weights_.layers[static_cast<size_t>(layer)];
  const size_t rows = ws_.rows.size(), ffn = Size(config_.ffn_size);
  Norm(ws_.x, w.ffn_norm, ws_.normed);
  Apply(w.gate, ws_.normed, rows, ws_.gate.data());
  Apply(w.up, ws_.normed, rows, ws_.up.data());
  pool_.ParallelFor(rows, kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) isa_.activation(kernels::Activation::kSilu).gated(&ws_.gate[r * ffn], &ws_.up[r * ffn], ffn);
  });
  Apply(w.down, ws_.gate, rows, ws_.projected.data());
  Add(ws_.x, ws_.projected, rows * Size(config_.hidden_size));
}

void Decoder::Head(Logits& logits) {
  const size_t hidden = Size(config_.hidden_size);
  logits.Resize(ws_.wanted.size(), Size(config_.vocab_size));
  for (size_t i = 0; i < ws_.wanted.size(); ++i) {
    isa_.rms_norm(&ws_.x[ws_.wanted[i] * hidden], weights_.final_norm.data(), nullptr,
                  config_.norm_epsilon, hidden, &ws_.normed[i * hidden]);
  }
  if (!ws_.wanted.empty()) Apply(weights_.head, ws_.normed, ws_.wanted.size(), logits.data());
}

void Decoder::Norm(const std::vector<float>& x, const std::vector<float>& weight,
                   std::vector<float>& y) {
  const size_t hidden = Size(config_.hidden_size);
  pool_.ParallelFor(ws_.rows.size(), kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      isa_.rms_norm(&x[r * hidden], weight.data(), nullptr, config_.norm_epsilon, hidden, &y[r * hidden]);
    }
  });
}

void Decoder::Apply(const Linear& linear, const std::vector<float>& x, size_t rows, float* y) {
  kernels::MatMulArgs args;
  args.w = &linear.weight;
  args.x = x.data();
  args.bias = linear.bias_or_null();
  args.y = y;
  args.m = rows;
  args.n = linear.out();
  args.k = linear.in();
  kernels::MatMul(args, pool_);
}

}  // namespace pano::nn
