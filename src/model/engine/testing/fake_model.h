#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "model/nn/model.h"

namespace pano::engine {

// A model whose logits are a hash of the whole prefix, read back from what it stored block by block:
// a wrong table, a stale block or a wrong position changes them. Forward is confined as for nn::Model;
// the counters may be read from any thread.
class FakeModel final : public nn::Model {
 public:
  struct Options {
    int64_t vocab_size = 64;
    int64_t context_length = 512;
    nn::TokenId poison = -1;   // a plan with this token fails
    nn::TokenId nan = -1;      // the logits behind this token are NaN
    nn::TokenId favourite = -1;          // wins every draw by far
    std::function<void()> before_step = {};   // called by Forward
  };
  FakeModel() : FakeModel(Options{}) {}
  explicit FakeModel(Options options) : options_(std::move(options)) {}

  int64_t vocab_size() const override { return options_.vocab_size; }
  int64_t context_length() const override { return options_.context_length; }
  nn::StateLayout state_layout() const override {
    nn::StateLayout layout;
    layout.groups.assign(2, {nn::StateGroup::Kind::kPaged, 1, 1024});
    return layout;
  }
  Result<std::unique_ptr<nn::State>> CreateState(std::span<const int> block_counts) const override {
    return std::unique_ptr<nn::State>(std::make_unique<FakeState>(block_counts[0]));
  }

  Status Forward(const nn::StepPlan& plan, nn::State& state, nn::Logits& logits) override {
    if (options_.before_step) options_.before_step();
    auto& memory = static_cast<FakeState&>(state);
    size_t rows = 0;
    for (const nn::SequenceSlice& slice : plan.slices) {
      PANO_RETURN_IF_ERROR(Check(slice, memory));
      rows += slice.tokens.size() - slice.logits_from;
    }
    rows_max = std::max(rows_max.load(), static_cast<int64_t>(rows));
    tokens_max = std::max(tokens_max.load(), static_cast<int64_t>(plan.token_count()));
    tokens += static_cast<int64_t>(plan.token_count());
    ++steps;
    logits.Resize(rows, static_cast<size_t>(vocab_size()));
    size_t row = 0;
    for (const nn::SequenceSlice& slice : plan.slices) {
      for (size_t i = 0; i < slice.tokens.size(); ++i) {
        int64_t position = slice.position + static_cast<int64_t>(i);
        for (size_t g = 0; g < 2; ++g) {
          memory.slot(g, slice.tables[g], position) = {slice.tokens[i], position};
        }
        if (i < slice.logits_from) continue;
        Fill(HashStored(memory, slice, position), slice.tokens[i], logits.row(row++));
      }
    }
    return OkStatus();
  }

  // The row that belongs to the last of `prefix`.
  std::vector<float> LogitsFor(std::span<const nn::TokenId> prefix) const {
    uint64_t hash = 0;
    for (size_t i = 0; i < prefix.size(); ++i) {
      for (size_t g = 0; g < 2; ++g) hash = Mix(hash, prefix[i], static_cast<int64_t>(i));
    }
    std::vector<float> row(static_cast<size_t>(vocab_size()));
    Fill(hash, prefix.back(), row);
    return row;
  }

  std::atomic<int64_t> steps{0};
  std::atomic<int64_t> tokens{0};       // computed
  std::atomic<int64_t> tokens_max{0};   // in one step
  std::atomic<int64_t> rows_max{0};     // of logits in one step

 private:
  struct Slot {
    nn::TokenId token = -1;
    int64_t position = -1;
  };
  class FakeState final : public nn::State {
   public:
    explicit FakeState(int block_count) : block_count_(block_count) {
      for (auto& group : slots_) group.resize(static_cast<size_t>(block_count) * nn::kBlockTokens);
    }
    int block_count(size_t) const override { return block_count_; }
    Slot& slot(size_t group, std::span<const nn::BlockId> table, int64_t position) {
      auto block = static_cast<size_t>(table[static_cast<size_t>(position / nn::kBlockTokens)]);
      return slots_[group][block * nn::kBlockTokens +
                           static_cast<size_t>(position % nn::kBlockTokens)];
    }

   private:
    int block_count_;
    std::vector<Slot> slots_[2];
  };

  Status Check(const nn::SequenceSlice& slice, const FakeState& state) const {
    if (slice.tokens.empty() || slice.tables.size() != 2) return Internal("fake: malformed slice");
    int64_t end = slice.position + static_cast<int64_t>(slice.tokens.size());
    if (slice.position < 0 || end > context_length()) return InvalidArgument("fake: position");
    for (auto table : slice.tables) {
      if (static_cast<int64_t>(table.size()) * nn::kBlockTokens < end) {
        return Internal("fake: the table does not cover the tokens");
      }
      for (nn::BlockId id : table) {
        if (id < 0 || id >= state.block_count(0)) return Internal("fake: no such block");
      }
    }
    for (nn::TokenId token : slice.tokens) {
      if (token < 0 || token >= vocab_size()) return InvalidArgument("fake: token");
      if (token == options_.poison) return Internal(StrCat("fake: token ", token, " is poison"));
    }
    return OkStatus();
  }

  static uint64_t Mix(uint64_t hash, nn::TokenId token, int64_t position) {
    hash ^= static_cast<uint64_t>(token) * 1000003u + static_cast<uint64_t>(position);
    hash *= 0x9E3779B97F4A7C15ull;
    return hash ^ (hash >> 31);
  }
  static uint64_t HashStored(FakeState& state, const nn::SequenceSlice& slice, int64_t last) {
    uint64_t hash = 0;
    for (int64_t i = 0; i <= last; ++i) {
      for (size_t g = 0; g < 2; ++g) {
        const Slot& slot = state.slot(g, slice.tables[g], i);
        hash = Mix(hash, slot.token, slot.position);
      }
    }
    return hash;
  }
  void Fill(uint64_t hash, nn::TokenId last, std::span<float> row) const {
    for (size_t i = 0; i < row.size(); ++i) {
      uint64_t bits = Mix(hash, static_cast<nn::TokenId>(i), 7) >> 40;
      row[i] = static_cast<float>(bits) / static_cast<float>(1 << 24) * 6.0f - 3.0f;
    }
    if (options_.favourite >= 0) row[static_cast<size_t>(options_.favourite)] = 1000.0f;
    if (last == options_.nan) row[1] = std::numeric_limits<float>::quiet_NaN();
  }

  const Options options_;
};

}  // namespace pano::engine
