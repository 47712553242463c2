#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/nn/fwd.h"
#include "model/ops/types.h"

namespace pano::nn {

using ops::BlockId;
using ops::Compute;
using ops::kBlockTokens;
using ops::KvType;

// What the layers keep between steps, in groups of layers that keep it alike. The engine allocates
// by this and knows nothing else of it.
struct StateGroup {
  enum class Kind : uint8_t {
    kPaged,   // keys and values of every position
    kWindow,  // of the last `window` positions: a query at p sees [p - window + 1, p]
    kLatent,  // a compressed form of them, of every position; to the engine like kPaged
    kFixed,   // one state a sequence, whatever its length
  };
  Kind kind = Kind::kPaged;
  int layer_count = 0;
  size_t bytes_per_block = 0;  // all layers of the group, kBlockTokens tokens
  int64_t window = 0;          // kWindow: at least 1
};
struct StateLayout {
  std::vector<StateGroup> groups;  // at least one
  size_t bytes_per_block() const {
    size_t sum = 0;
    for (const StateGroup& group : groups) sum += group.bytes_per_block;
    return sum;
  }
  // The same number of blocks in every group.
  std::vector<int> Uniform(int blocks) const { return std::vector<int>(groups.size(), blocks); }
};

// Stands in a table where a window group has no block any more.
inline constexpr BlockId kNoBlock = -1;

// The memory behind the blocks; each group counts its own from 0. Confined to the thread that steps
// the model.
class State {
 public:
  virtual ~State() = default;
  virtual int block_count(size_t group) const = 0;
};

// One sequence's part of a step.
struct SequenceSlice {
  std::span<const TokenId> tokens;  // new tokens, at least one
  int64_t position = 0;             // of tokens[0] in the sequence
  // One table per state group: the block of tokens [32 i, 32 i + 32) is table[i]. Covers the new
  // ones. kNoBlock is allowed in a window group where the whole block lies before position - window
  // + 1.
  std::vector<std::span<const BlockId>> tables;
  // Tokens that the sequence is planned to have; rotary scalings that depend on it (dynamic,
  // longrope) keep one factor for a whole sequence by it. 0: those up to the end of this slice.
  int64_t planned_length = 0;
  // Logits are wanted for tokens[logits_from] and all after it; tokens.size() = for none.
  size_t logits_from = 0;
  // What its tokens are computed with beside the model's weights; null: nothing. Bound to this model.
  const BoundAdapter* adapter = nullptr;
};

struct StepPlan {
  std::vector<SequenceSlice> slices;
  size_t token_count() const {
    size_t sum = 0;
    for (const SequenceSlice& slice : slices) sum += slice.tokens.size();
    return sum;
  }
};

// Rows of logits, in the order of the plan's slices and, within one, of its tokens.
// Thread-compatible.
class Logits {
 public:
  void Resize(size_t rows, size_t vocab) {
    rows_ = rows;
    vocab_ = vocab;
    if (data_.size() < rows * vocab) data_.resize(rows * vocab);
  }
  size_t rows() const { return rows_; }
  size_t vocab() const { return vocab_; }
  std::span<float> row(size_t i) { return {data_.data() + i * vocab_, vocab_}; }
  std::span<const float> row(size_t i) const { return {data_.data() + i * vocab_, vocab_}; }
  float* data() { return data_.data(); }

 private:
  std::vector<float> data_;  // [rows, vocab]
  size_t rows_ = 0;
  size_t vocab_ = 0;
};

// A generative model as the engine sees it. The weights are immutable; Forward is confined to one
// thread at a time because of its workspace.
class Model {
 public:
  virtual ~Model() = default;

  virtual int64_t vocab_size() const = 0;
  virtual int64_t context_length() const = 0;  // positions the model was made for
  virtual StateLayout state_layout() const = 0;
  // Sequences whose planned lengths give different numbers cannot share state.
  virtual int64_t state_variant(int64_t /*planned_length*/) const { return 0; }
  // Itself, where adapters may be bound to its weights; else null.
  virtual const Decoder* AsDecoder() const { return nullptr; }
  // `block_counts`: one per group, each at least 1. Exhausted when the memory cannot be had.
  virtual Result<std::unique_ptr<State>> CreateState(std::span<const int> block_counts) const = 0;

  // One forward pass over every slice: writes the new tokens' state into their blocks and the
  // wanted rows into `logits`. Slices of one adapter are best neighbours: what it adds is then read
  // once. A row does not depend, to the bit, on what else is in the plan, on
  // how the sequence was cut into slices, or on the number of threads. InvalidArgument for a token
  // outside the vocabulary or a position outside the context.
  virtual Status Forward(const StepPlan& plan, State& state, Logits& logits) = 0;
};

}  // namespace pano::nn
