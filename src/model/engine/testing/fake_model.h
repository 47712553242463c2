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

#include "base/result.h"
#include "base/strings.h"
#include "model/nn/model.h"

namespace pano::engine {

// A model whose logits are a hash of what its state groups see, read back from what it stored block
// by block; what it stores for a token is a hash that goes on from the token before (if the group
// sees that one). A wrong table, a stale block or a wrong position is an error or changes them.
// Forward is confined as for nn::Model; the counters may be read from any thread.
class FakeModel final : public nn::Model {
 public:
  struct Options {
    int64_t vocab_size = 64;
    int64_t context_length = 512;
    nn::TokenId poison = -1;                 // a plan with this token fails
    nn::TokenId nan = -1;                    // the logits behind this token are NaN
    nn::TokenId favourite = -1;              // wins every draw by far
    std::function<void()> before_step = {};  // called by Forward
    std::vector<nn::StateGroup> groups = {Paged(2048)};
    int64_t short_max =
        std::numeric_limits<int64_t>::max();  // longer sequences are another variant
    // Mostly, the tokens 2 to 2 + cycle - 1 follow each other in turn; 0: no pattern.
    int64_t cycle = 0;
  };
  static nn::StateGroup Paged(size_t bytes) { return {nn::StateGroup::Kind::kPaged, 1, bytes, 0}; }
  static nn::StateGroup Window(int64_t window, size_t bytes = 1024) {
    return {nn::StateGroup::Kind::kWindow, 1, bytes, window};
  }
  FakeModel() : FakeModel(Options{}) {}
  explicit FakeModel(Options options) : options_(std::move(options)) {}

  int64_t vocab_size() const override { return options_.vocab_size; }
  int64_t context_length() const override { return options_.context_length; }
  int64_t state_variant(int64_t planned_length) const override {
    return planned_length > options_.short_max ? 1 : 0;
  }
  nn::StateLayout state_layout() const override { return {options_.groups}; }
  Result<std::unique_ptr<nn::State>> CreateState(std::span<const int> block_counts) const override {
    if (block_counts.size() != options_.groups.size()) return Internal("fake: block counts");
    return std::unique_ptr<nn::State>(std::make_unique<FakeState>(block_counts));
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
    logit_rows += static_cast<int64_t>(rows);
    tokens_max = std::max(tokens_max.load(), static_cast<int64_t>(plan.token_count()));
    tokens += static_cast<int64_t>(plan.token_count());
    ++steps;
    logits.Resize(rows, static_cast<size_t>(vocab_size()));
    size_t row = 0;
    for (const nn::SequenceSlice& slice : plan.slices) {
      for (size_t i = 0; i < slice.tokens.size(); ++i) {
        int64_t position = slice.position + static_cast<int64_t>(i);
        for (size_t g = 0; g < options_.groups.size(); ++g) {
          PANO_RETURN_IF_ERROR(Store(memory, g, slice, slice.tokens[i], position));
        }
        if (i < slice.logits_from) continue;
        PANO_ASSIGN_OR_RETURN(uint64_t hash, HashStored(memory, slice, position));
        Fill(hash, slice.tokens[i], logits.row(row++));
      }
    }
    return OkStatus();
  }

  // The row that belongs to the last of `prefix`.
  std::vector<float> LogitsFor(std::span<const nn::TokenId> prefix) const {
    uint64_t hash = 0;
    const auto last = static_cast<int64_t>(prefix.size()) - 1;
    for (size_t g = 0; g < options_.groups.size(); ++g) {
      uint64_t digest = 0;
      for (int64_t i = 0; i <= last; ++i) {
        digest = Mix(First(g, i) < i ? digest : 0, prefix[static_cast<size_t>(i)], i);
        if (i >= First(g, last)) hash = Mix(hash, static_cast<nn::TokenId>(digest >> 33), i);
      }
    }
    std::vector<float> row(static_cast<size_t>(vocab_size()));
    Fill(hash, prefix.back(), row);
    return row;
  }

  std::atomic<int64_t> steps{0};
  std::atomic<int64_t> tokens{0};      // computed
  std::atomic<int64_t> tokens_max{0};  // in one step
  std::atomic<int64_t> logit_rows{0};  // rows of logits
  std::atomic<int64_t> rows_max{0};    // of logits in one step
  std::atomic<int64_t> unseen{0};      // blocks in tables that nothing sees any more

 private:
  struct Slot {
    uint64_t digest = 0;
    int64_t position = -1;
    int64_t variant = 0;
  };
  class FakeState final : public nn::State {
   public:
    explicit FakeState(std::span<const int> block_counts) {
      for (int count : block_counts) {
        slots_.emplace_back(static_cast<size_t>(count) * nn::kBlockTokens);
      }
    }
    int block_count(size_t group) const override {
      return static_cast<int>(slots_[group].size() / nn::kBlockTokens);
    }
    Slot& slot(size_t group, std::span<const nn::BlockId> table, int64_t position) {
      auto block = static_cast<size_t>(table[static_cast<size_t>(position / nn::kBlockTokens)]);
      return slots_[group]
                   [block * nn::kBlockTokens + static_cast<size_t>(position % nn::kBlockTokens)];
    }

   private:
    std::vector<std::vector<Slot>> slots_;
  };

  // The first position that the group's query at `position` sees.
  int64_t First(size_t g, int64_t position) const {
    int64_t window = options_.groups[g].window;
    return window == 0 ? 0 : std::max<int64_t>(0, position - window + 1);
  }

  Status Check(const nn::SequenceSlice& slice, const FakeState& state) {
    if (slice.tokens.empty() || slice.tables.size() != options_.groups.size()) {
      return Internal("fake: malformed slice");
    }
    int64_t end = slice.position + static_cast<int64_t>(slice.tokens.size());
    if (slice.position < 0 || end > context_length()) return InvalidArgument("fake: position");
    for (size_t g = 0; g < slice.tables.size(); ++g) {
      auto table = slice.tables[g];
      if (static_cast<int64_t>(table.size()) * nn::kBlockTokens < end) {
        return Internal("fake: the table does not cover the tokens");
      }
      for (size_t i = 0; i < table.size(); ++i) {
        bool seen = static_cast<int64_t>(i + 1) * nn::kBlockTokens > First(g, slice.position);
        if (!seen && table[i] != nn::kNoBlock) ++unseen;
        if (!seen && table[i] == nn::kNoBlock) continue;
        if (table[i] < 0 || table[i] >= state.block_count(g)) {
          return Internal(StrCat("fake: no such block: ", table[i]));
        }
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
  Status Store(FakeState& state, size_t g, const nn::SequenceSlice& slice, nn::TokenId token,
               int64_t position) const {
    const int64_t variant = state_variant(slice.planned_length);
    uint64_t before = 0;
    if (First(g, position) < position) {
      const Slot& slot = state.slot(g, slice.tables[g], position - 1);
      if (slot.position != position - 1) return Stale(g, position - 1, slot);
      if (slot.variant != variant) return Internal("fake: state of another length");
      before = slot.digest;
    }
    state.slot(g, slice.tables[g], position) = {Mix(before, token, position), position, variant};
    return OkStatus();
  }
  Result<uint64_t> HashStored(FakeState& state, const nn::SequenceSlice& slice,
                              int64_t last) const {
    uint64_t hash = 0;
    for (size_t g = 0; g < options_.groups.size(); ++g) {
      for (int64_t i = First(g, last); i <= last; ++i) {
        const Slot& slot = state.slot(g, slice.tables[g], i);
        if (slot.position != i) return Stale(g, i, slot);
        hash = Mix(hash, static_cast<nn::TokenId>(slot.digest >> 33), i);
      }
    }
    return hash;
  }
  static Status Stale(size_t g, int64_t want, const Slot& slot) {
    return Internal(StrCat("fake: group ", g, " holds position ", slot.position, " for ", want));
  }
  void Fill(uint64_t hash, nn::TokenId last, std::span<float> row) const {
    for (size_t i = 0; i < row.size(); ++i) {
      uint64_t bits = Mix(hash, static_cast<nn::TokenId>(i), 7) >> 40;
      row[i] = static_cast<float>(bits) / static_cast<float>(1 << 24) * 6.0f - 3.0f;
    }
    if (options_.cycle > 0 && (hash >> 20) % 8 != 0) {
      row[static_cast<size_t>(2 + (last + options_.cycle - 1) % options_.cycle)] += 10.0f;
    }
    if (options_.favourite >= 0) row[static_cast<size_t>(options_.favourite)] = 1000.0f;
    if (last == options_.nan) row[1] = std::numeric_limits<float>::quiet_NaN();
  }

  const Options options_;
};

}  // namespace pano::engine
