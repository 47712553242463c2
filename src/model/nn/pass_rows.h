#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/nn/fwd.h"
#include "model/nn/model.h"
#include "model/ops/attention.h"

namespace pano::nn {

// Consecutive rows of a pass that belong together: the new tokens of one sequence, or one input of
// an encoder.
struct RowSpan {
  size_t count = 0;      // at least one
  int64_t position = 0;  // where the first row's key is kept; row i's lies i further
  // Tokens that the sequence is planned to have, for rotary scalings that depend on it. 0: those up
  // to the end of this span.
  int64_t planned_length = 0;
  std::span<const std::span<const BlockId>> tables;  // of blocks, one per state group
  // Where each row stands in its text, ascending but for query-only rows: what rotary angles,
  // windows of encoders and biases go by. A gap is a token that was left out. Empty: the positions.
  std::span<const int32_t> position_ids;
  // The last rows that attend to the others (those before them if attention is causal) and that no
  // row attends to. REQUIRES: position_ids, where attention is causal.
  size_t query_only = 0;
  size_t memory_rows = 0;  // cross attention: the span's rows of the memory, in turn
};

// All rows of a pass with what attention needs to know of them, in the forms that operators take.
// Filled once a pass and shared by all layers; keeps its memory. Confined to one thread.
class PassRows {
 public:
  explicit PassRows(const ModelConfig& config);

  // Borrows the spans and what they point to, until the next call. No two spans mix position ids
  // with none.
  void Reset(std::span<const RowSpan> spans, size_t state_groups);

  size_t size() const { return position_ids_.size(); }
  std::span<const RowSpan> spans() const { return spans_; }
  std::span<const int64_t> position_ids() const { return position_ids_; }
  int64_t largest_id() const;

  std::span<const ops::SequenceRows> sequences(size_t group) const { return sequences_[group]; }
  // With keys cut to the window of a layer. REQUIRES: a window of the configuration's, or 0.
  ops::AttentionRows Attention(size_t group, int64_t window) const;
  std::span<const ops::MemoryRows> memory() const { return memory_; }
  // Of each span its own rows as the memory: what attention over whole inputs, which begin and end with the
  // pass, looks at.
  std::span<const ops::MemoryRows> inputs() const { return inputs_; }

 private:
  struct Window {
    int64_t size = 0;                 // LayerConfig::window
    std::vector<ops::KeyRange> keys;  // of each row
  };
  void AddSpan(const RowSpan& span);
  ops::KeyRange KeysOf(const RowSpan& span, int64_t row, int64_t window) const;

  const bool causal_;
  std::vector<Window> windows_;  // the first is 0
  std::span<const RowSpan> spans_;
  bool consecutive_ids_ = true;
  std::vector<int64_t> position_ids_;
  std::vector<std::vector<ops::SequenceRows>> sequences_;  // one list a state group
  std::vector<ops::MemoryRows> memory_, inputs_;
};

}  // namespace pano::nn
