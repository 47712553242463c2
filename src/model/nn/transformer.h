#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/threads.h"
#include "model/kernels/isa.h"
#include "model/nn/decoder_weights.h"
#include "model/nn/model.h"
#include "model/nn/paged_state.h"
#include "model/nn/rope_table.h"

namespace pano::nn {

// What the rows of an encoder's pass have beside their slices. Borrowed.
struct PassExtras {
  // One a slice: where its tokens stand, ascending; a gap is a token that was left out. Without it
  // they stand where the slice says.
  std::vector<std::span<const int32_t>> places;
  // One a slice: how many of its last tokens see the others (those before them if attention is
  // causal) and are seen by none. Without it there are none; with it `places` are given.
  std::vector<size_t> unseen;
  // Cross attention: rows [.., hidden] of another stack, `memory_counts[i]` in turn for slice i.
  const float* memory = nullptr;
  std::vector<size_t> memory_counts;
};

// The layers of a transformer over rows of activations: attention and feed-forward blocks as the
// ModelConfig says. Each row is one token of one slice. Confined to one thread at a time; the pool
// does the work. Borrows configuration, weights and pool.
class Transformer {
 public:
  Transformer(const ModelConfig& config, const DecoderWeights& weights, Compute compute,
              KvType kv_type, ComputePool& pool);

  StateLayout state_layout() const;
  Result<std::unique_ptr<PagedState>> CreateState(std::span<const int> block_counts) const;
  int64_t state_variant(int64_t planned_length) const;

  // x [rows, hidden], one row a token in the order of the slices: through all layers, in place. The
  // final norm is not applied. REQUIRES: slices that fit the state (checked by the caller).
  void Run(std::span<const SequenceSlice> slices, PagedState& state, float* x,
           const PassExtras& extras = {});

  // y[r] = norm(x[r]) for `rows` rows of `hidden`; x and y may be the same.
  void Norm(const NormWeights& norm, const float* x, size_t rows, float* y);
  // y [rows, out] = x [rows, in] times the layer.
  void Apply(const Linear& linear, const float* x, size_t rows, float* y);
  // Several layers of one x; what is quantised of it, is once.
  struct Product {
    const Linear* linear;
    float* y;
  };
  void Apply(std::span<const Product> products, const float* x, size_t rows);

 private:
  // Where a token of the step stands.
  struct Row {
    const SequenceSlice* slice;
    int64_t position;
    int64_t end;            // of the keys that it may see
    int64_t place;          // what its angles and distances go by
    const int32_t* places;  // of the slice's rows, or null: by position
    size_t memory_begin, memory_count;
  };
  // cos and sin for every row, by one rope configuration.
  struct Angles {
    std::vector<float> cos, sin;  // [rows, pairs]
  };

  void FillAlibi();
  void Prepare(std::span<const SequenceSlice> slices, const PassExtras& extras);
  // Rows of one slice that attend together.
  struct Tile {
    size_t row = 0, count = 0;
  };
  // A worker's room for attention.
  struct AttentionRoom {
    std::vector<kernels::AttentionQuery> queries;
    std::vector<float> scratch;
    std::vector<float> bias;
  };
  void FillTiles();
  void CutWindow(int64_t window, const Row& row, kernels::AttentionQuery& query) const;
  void FillAngles(std::span<const SequenceSlice> slices, const RopeTable& table, Angles& angles);
  size_t rows() const { return rows_.size(); }

  // Blocks: from x to what they add to the residual stream. [rows, hidden] each.
  void Layer(size_t layer, PagedState& state, float* x);
  void ParallelLayer(size_t layer, PagedState& state, float* x);
  void Attention(size_t layer, PagedState& state, const float* x, float* out);
  void FeedForward(size_t layer, const float* x, float* out);
  void AddTo(float* x, const float* y) const;

  void PlainAttention(size_t layer, PagedState& state, const float* x);
  void NormHeads(const NormWeights& norm, float* heads, size_t head_count);
  void Rotate(size_t layer, float* heads, size_t head_count, size_t stride, size_t dim);
  void Attend(size_t layer, PagedState& state);

  void FillRelative();
  void AddBias(const Tile& tile, size_t head, size_t group, AttentionRoom& room);
  void AddRelativeBias(const Row& row, size_t head, size_t offset, AttentionRoom& room,
                       kernels::AttentionQuery& query);
  void CrossAttention(size_t layer, const float* x, float* out);
  void AttendMemory(size_t layer);

  void LatentAttention(size_t layer, PagedState& state, const float* x);
  void LatentQueries(const LatentWeights& w, const float* x);
  void LatentKeys(size_t layer, PagedState& state, const float* x);
  void AttendLatent(size_t layer, PagedState& state);

  kernels::AttentionArgs AttentionFor(size_t layer, PagedState& state, const Row& row, int head);
  kernels::AttentionQuery QueryFor(size_t layer, const Row& row, const float* q, float* out) const;
  static void RunAttention(kernels::AttentionFn attention, AttentionRoom& room,
                           kernels::AttentionArgs& args);
  void StoreKv(size_t layer, PagedState& state);
  float ScoreScale(size_t layer) const;

  void Dense(const Linear& gate, const Linear& up, const Linear& down, const float* x, size_t count,
             float* out);
  void Mixture(const ExpertWeights& experts, const float* x, float* out);
  void Route(const float* logits, float* weights) const;
  void SharedExpert(const ExpertWeights& experts, const float* x, float* out);

  const ModelConfig& config_;
  const DecoderWeights& weights_;
  const Compute compute_;
  ComputePool& pool_;
  const kernels::Isa& isa_;
  const kernels::NormFn norm_;
  const kernels::ActivationFns activation_;
  const size_t kv_format_;
  const RopeTable rope_, local_rope_;
  const StatePlan plan_;
  std::vector<float> alibi_;  // [heads, context] where the configuration has it

  // Workspace of a step, kept between steps.
  kernels::ActivationStore quantised_;
  std::vector<Row> rows_;
  std::vector<Tile> tiles_;  // of rows_
  Angles angles_, local_angles_;
  std::vector<float> relative_;  // [heads, 2 * reach + 1], by the key's distance + reach
  int64_t relative_reach_ = -1;
  const float* memory_ = nullptr;
  size_t memory_rows_ = 0;
  std::vector<BlockId> memory_table_;                   // block i is i
  std::vector<float> normed_, block_out_, second_out_;  // [rows, hidden]
  std::vector<float> q_, attended_;        // [rows, heads * head_dim], [rows, heads * value_dim]
  std::vector<float> k_, v_;               // [rows, kv_heads * dim]
  std::vector<float> latent_;              // [rows, kv_rank + rope_dim]
  std::vector<float> head_in_, head_out_;  // [rows, one head's part]
  std::vector<float> gate_, up_;           // [rows, ffn]
  std::vector<float> routed_, gathered_, expert_out_;
  std::vector<AttentionRoom> rooms_;  // one a worker
};

// Rows that make a part worth a thread in elementwise work.
inline constexpr size_t kRowGrain = 4;

// Grows a workspace to `count` floats; it never shrinks.
inline void Grow(std::vector<float>& v, size_t count) {
  if (v.size() < count) v.resize(count);
}

// A size of a configuration, checked when it was read, for indexing.
inline size_t Size(int64_t n) { return static_cast<size_t>(n); }

}  // namespace pano::nn
