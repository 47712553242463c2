#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace pano::nn {

using TokenId = int32_t;
using BlockId = int32_t;

// Tokens in one KV block, the unit of allocation and of prefix reuse.
inline constexpr int kBlockTokens = 32;

enum class KvType : uint8_t { kF32, kF16 };

// What the layers keep between steps. The engine allocates by this and knows nothing else of it.
struct StateGroup {
  enum class Kind : uint8_t { kPaged, kWindow, kLatent, kFixed };
  Kind kind = Kind::kPaged;
  int layer_count = 0;
  size_t bytes_per_block = 0;   // all layers of the group, kBlockTokens tokens
};
struct StateLayout {
  std::vector<StateGroup> groups;
  size_t bytes_per_block() const {
    size_t sum = 0;
    for (const StateGroup& group : groups) sum += group.bytes_per_block;
    return sum;
  }
};

// The memory behind the blocks. Confined to the thread that steps the model.
class State {
 public:
  virtual ~State() = default;
  virtual int block_count() const = 0;
};

// One sequence's part of a step.
struct SequenceSlice {
  std::span<const TokenId> tokens;              // new tokens, at least one
  int64_t position = 0;                         // of tokens[0] in the sequence
  // One table per state group: the block of tokens [32 i, 32 i + 32) is table[i]. Covers the new ones.
  std::vector<std::span<const BlockId>> tables;
  // Logits are wanted for tokens[logits_from] and all after it; tokens.size() = for none.
  size_t logits_from = 0;
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
  std::vector<float> data_;   // [rows, vocab]
  size_t rows_ = 0;
  size_t vocab_ = 0;
};

// A generative model as the engine sees it. The weights are immutable; Forward is confined to one
// thread at a time because of its workspace.
class Model {
 public:
  virtual ~Model() = default;

  virtual int64_t vocab_size() const = 0;
  virtual int64_t context_length() const = 0;         // positions the model was made for
  virtual StateLayout state_layout() const = 0;
  // Exhausted when the memory cannot be had.
  virtual Result<std::unique_ptr<State>> CreateState(int block_count) const = 0;

  // One forward pass over every slice: writes the new tokens' state into their blocks and the wanted
  // rows into `logits`. A row does not depend, to the bit, on what else is in the plan, on how the
  // sequence was cut into slices, or on the number of threads.
  // InvalidArgument for a token outside the vocabulary or a position outside the context.
  virtual Status Forward(const StepPlan& plan, State& state, Logits& logits) = 0;
};

}  // namespace pano::nn
