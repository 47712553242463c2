#include "model/engine/scheduler.h"

#include <algorithm>
#include <optional>

namespace pano::engine {
namespace {

int64_t BlocksFor(int64_t tokens) { return (tokens + nn::kBlockTokens - 1) / nn::kBlockTokens; }

class Decider {
 public:
  Decider(const SchedulerLimits& limits, const Snapshot& snapshot)
      : limits_(limits),
        snapshot_(snapshot),
        available_(snapshot.blocks_available),
        rows_left_(limits.scored_rows_max),
        preempted_(snapshot.running.size()),
        granted_(snapshot.running.size()) {}

  StepDecision Decide() {
    int64_t decodes = 0;
    for (const RunningView& view : snapshot_.running) decodes += IsDecode(view) ? 1 : 0;
    prefill_left_ = std::max<int64_t>(0, limits_.step_tokens_max - decodes);
    for (size_t i = 0; i < snapshot_.running.size(); ++i) Grant(i);
    Admit();
    GrantLeftovers();
    for (size_t i = 0; i < snapshot_.running.size(); ++i) {
      if (granted_[i] > 0) decision_.run.push_back({i, granted_[i]});
    }
    return std::move(decision_);
  }

 private:
  static bool IsDecode(const RunningView& view) {
    return !view.paused && view.tokens - view.computed == 1;
  }

  // A running sequence's share of the budget, and the blocks for it.
  void Grant(size_t i) {
    const RunningView& view = snapshot_.running[i];
    if (preempted_[i] || view.paused || view.tokens <= view.computed) return;
    int64_t tokens = 1;
    if (!IsDecode(view)) {
      tokens = std::min(view.tokens - view.computed, Share(YoungerPromptWaits(i)));
    }
    if (view.scores_prompt) tokens = std::min(tokens, rows_left_);
    if (tokens <= 0) return;
    int64_t need = NewBlocks(view, tokens);
    while (need > available_) {
      std::optional<size_t> victim = Victim(i);
      Preempt(victim.value_or(i));
      if (!victim) return;
    }
    available_ -= need;
    granted_[i] = tokens;
    if (!IsDecode(view)) prefill_left_ -= tokens;
    if (view.scores_prompt) rows_left_ -= tokens;
  }

  // Half of what is left, rounded up, while others wait for theirs.
  int64_t Share(bool others_wait) const {
    return others_wait ? (prefill_left_ + 1) / 2 : prefill_left_;
  }

  bool YoungerPromptWaits(size_t i) const {
    if (!snapshot_.waiting.empty() && Slots() > 0) return true;
    for (size_t k = i + 1; k < snapshot_.running.size(); ++k) {
      const RunningView& view = snapshot_.running[k];
      if (!preempted_[k] && !view.paused && view.tokens - view.computed > 1) return true;
    }
    return false;
  }

  int64_t NewBlocks(const RunningView& view, int64_t tokens) const {
    return std::max<int64_t>(
        0, BlocksFor(view.computed + tokens) - static_cast<int64_t>(view.blocks.size()));
  }

  // Who gives way to `i`: the youngest paused one, else the youngest that is younger than `i`.
  std::optional<size_t> Victim(size_t i) const {
    for (size_t k = snapshot_.running.size(); k > 0; --k) {
      if (!preempted_[k - 1] && snapshot_.running[k - 1].paused) return k - 1;
    }
    for (size_t k = snapshot_.running.size(); k > i + 1; --k) {
      if (!preempted_[k - 1]) return k - 1;
    }
    return std::nullopt;
  }

  std::optional<size_t> PausedVictim() const {
    for (size_t k = snapshot_.running.size(); k > 0; --k) {
      if (!preempted_[k - 1] && snapshot_.running[k - 1].paused) return k - 1;
    }
    return std::nullopt;
  }

  void Preempt(size_t i) {
    if (holders_.empty()) holders_.assign(snapshot_.holders.begin(), snapshot_.holders.end());
    for (BlockId id : snapshot_.running[i].blocks) {
      if (--holders_[static_cast<size_t>(id)] == 0) ++available_;
    }
    preempted_[i] = true;
    decision_.preempt.push_back(i);
  }

  int64_t RunningCount() const {
    return static_cast<int64_t>(std::ranges::count(preempted_, false));
  }
  int64_t Slots() const {
    return limits_.sequences_max - RunningCount() - static_cast<int64_t>(decision_.admit.size());
  }

  // Blocks that running prompts will need beyond this step.
  int64_t Outstanding() const {
    int64_t sum = 0;
    for (size_t i = 0; i < snapshot_.running.size(); ++i) {
      const RunningView& view = snapshot_.running[i];
      if (preempted_[i] || view.paused) continue;
      int64_t held = std::max(static_cast<int64_t>(view.blocks.size()),
                              BlocksFor(view.computed + granted_[i]));
      sum += std::max<int64_t>(0, BlocksFor(view.tokens) - held);
    }
    return sum;
  }

  void Admit() {
    if (!decision_.preempt.empty()) return;
    int64_t outstanding = Outstanding();
    for (size_t i = 0; i < snapshot_.waiting.size() && prefill_left_ > 0; ++i) {
      const WaitingView& view = snapshot_.waiting[i];
      int64_t cached_blocks = view.cached_tokens / nn::kBlockTokens;
      int64_t need = BlocksFor(view.tokens) - cached_blocks + view.cached_idle_blocks;
      // Room for everybody to grow by one block keeps an admission from being undone at once.
      auto fits = [&] {
        int64_t others = RunningCount() + static_cast<int64_t>(decision_.admit.size());
        return need + outstanding + others <= available_ ||
               (others == 0 && need <= available_);
      };
      while (Slots() <= 0 || !fits()) {
        std::optional<size_t> victim = PausedVictim();
        if (!victim) return;
        Preempt(*victim);
      }
      int64_t tokens = std::min(view.tokens - view.cached_tokens,
                                Share(i + 1 < snapshot_.waiting.size() && Slots() > 1));
      if (view.scores_prompt) tokens = std::min(tokens, rows_left_);
      if (tokens <= 0) return;
      int64_t now =
          BlocksFor(view.cached_tokens + tokens) - cached_blocks + view.cached_idle_blocks;
      available_ -= now;
      outstanding += need - now;
      prefill_left_ -= tokens;
      if (view.scores_prompt) rows_left_ -= tokens;
      decision_.admit.push_back({i, tokens});
    }
  }

  // Budget that nobody took goes to the prompts that run, as far as free blocks allow.
  void GrantLeftovers() {
    for (size_t i = 0; i < snapshot_.running.size() && prefill_left_ > 0; ++i) {
      const RunningView& view = snapshot_.running[i];
      if (preempted_[i] || granted_[i] == 0 || IsDecode(view)) continue;
      int64_t more = std::min(view.tokens - view.computed - granted_[i], prefill_left_);
      if (view.scores_prompt) more = std::min(more, rows_left_);
      if (more <= 0) continue;
      int64_t need = NewBlocks(view, granted_[i] + more) - NewBlocks(view, granted_[i]);
      if (need > available_) continue;
      available_ -= need;
      granted_[i] += more;
      prefill_left_ -= more;
      if (view.scores_prompt) rows_left_ -= more;
    }
  }

  const SchedulerLimits& limits_;
  const Snapshot& snapshot_;
  int64_t available_;
  int64_t prefill_left_ = 0;
  int64_t rows_left_;
  std::vector<bool> preempted_;
  std::vector<int64_t> granted_;
  std::vector<int32_t> holders_;   // copied when the first one is preempted
  StepDecision decision_;
};

}  // namespace

StepDecision DecideStep(const SchedulerLimits& limits, const Snapshot& snapshot) {
  return Decider(limits, snapshot).Decide();
}

}  // namespace pano::engine
