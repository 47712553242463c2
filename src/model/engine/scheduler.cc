#include "model/engine/scheduler.h"

#include <algorithm>
#include <optional>
#include <span>

#include "model/engine/block_budget.h"

// One pass over the running sequences in the order of their requests, then one over those that
// wait. A decode (one token missing) is granted first of all; the batch policy's tokens go to
// prompts, half of what is left to each while others wait for their share, and what remains goes
// back to the first. Blocks are counted in a BlockBudget while they are handed out, so that the
// loop cannot run out of them when it applies the decision.

namespace pano::engine {
namespace {

bool IsDecode(const RunningView& view) {
  return !view.paused && !view.deferred && view.tokens - view.computed == 1;
}

class Decider {
 public:
  Decider(const SchedulerLimits& limits, const Snapshot& snapshot,
          const serving::BatchDecision& batch)
      : limits_(limits),
        snapshot_(snapshot),
        waiting_(std::span(snapshot.waiting).first(batch.take)),
        budget_(snapshot.groups),
        prefill_left_(batch.tokens),
        rows_left_(limits.scored_rows_max),
        preempted_(snapshot.running.size()),
        granted_(snapshot.running.size()) {}

  StepDecision Decide() {
    Displace();
    for (size_t i = 0; i < snapshot_.running.size(); ++i) Grant(i);
    Admit();
    GrantLeftovers();
    for (size_t i = 0; i < snapshot_.running.size(); ++i) {
      if (granted_[i] > 0) decision_.run.push_back({i, granted_[i]});
    }
    return std::move(decision_);
  }

 private:
  // Makes room for the first waiting one at the cost of tenants that run more than their share.
  void Displace() {
    if (waiting_.empty() || !waiting_[0].may_displace || prefill_left_ <= 0) return;
    while (Slots() <= 0 || !budget_.Fits(waiting_[0], Later())) {
      std::optional<size_t> victim;
      for (size_t k = snapshot_.running.size(); k > 0 && !victim; --k) {
        if (!preempted_[k - 1] && snapshot_.running[k - 1].displaceable) victim = k - 1;
      }
      if (!victim) return;
      Preempt(*victim);
    }
    displaced_ = decision_.preempt.size();
  }

  // A running sequence's share of the budget, and the blocks for it.
  void Grant(size_t i) {
    const RunningView& view = snapshot_.running[i];
    if (preempted_[i] || view.paused || view.deferred || view.tokens <= view.computed) return;
    int64_t tokens = 1;
    if (!IsDecode(view)) {
      tokens = std::min(view.tokens - view.computed, Share(YoungerPromptWaits(i)));
    }
    if (view.scores_prompt) tokens = std::min(tokens, rows_left_);
    if (tokens <= 0) return;
    while (budget_.Room(view, 0, budget_.None()) < 1) {
      std::optional<size_t> victim = Victim(i);
      Preempt(victim.value_or(i));
      if (!victim) return;
    }
    // A prompt takes what there is; if it can, it leaves younger decodes theirs.
    int64_t room = IsDecode(view) ? 1 : budget_.Room(view, 0, YoungerDecodes(i));
    if (room < 1) room = budget_.Room(view, 0, budget_.None());
    tokens = std::min(tokens, room);
    budget_.Take(view, 0, tokens);
    granted_[i] = tokens;
    if (!IsDecode(view)) prefill_left_ -= tokens;
    if (view.scores_prompt) rows_left_ -= tokens;
  }

  // Half of what is left, rounded up, while others wait for theirs.
  int64_t Share(bool others_wait) const {
    return others_wait ? (prefill_left_ + 1) / 2 : prefill_left_;
  }

  bool YoungerPromptWaits(size_t i) const {
    if (!waiting_.empty() && Slots() > 0) return true;
    for (size_t k = i + 1; k < snapshot_.running.size(); ++k) {
      const RunningView& view = snapshot_.running[k];
      if (!preempted_[k] && !view.paused && !view.deferred && view.tokens - view.computed > 1) return true;
    }
    return false;
  }

  // The blocks that decodes younger than `i` need in this step.
  BlockBudget::Counts YoungerDecodes(size_t i) const {
    BlockBudget::Counts sum = budget_.None();
    for (size_t k = i + 1; k < snapshot_.running.size(); ++k) {
      const RunningView& view = snapshot_.running[k];
      if (!preempted_[k] && IsDecode(view)) budget_.AddNeed(view, 1, sum);
    }
    return sum;
  }

  // Who gives way to `i`: the youngest paused one, else the youngest that is younger than `i`.
  std::optional<size_t> Victim(size_t i) const {
    if (std::optional<size_t> paused = PausedVictim()) return paused;
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
    budget_.Release(snapshot_.running[i]);
    preempted_[i] = true;
    decision_.preempt.push_back(i);
  }

  int64_t RunningCount() const {
    return static_cast<int64_t>(std::ranges::count(preempted_, false));
  }
  int64_t Slots() const {
    return limits_.sequences_max - RunningCount() - static_cast<int64_t>(decision_.admit.size());
  }

  // Blocks that those who run, or have just been admitted, will need beyond this step; with room for
  // each to grow by one, an admission is not undone at once.
  BlockBudget::Counts Later() const {
    BlockBudget::Counts sum = admitted_later_;
    for (size_t i = 0; i < snapshot_.running.size(); ++i) {
      if (!preempted_[i]) budget_.AddLater(snapshot_.running[i], granted_[i], sum);
    }
    return sum;
  }

  void Admit() {
    if (decision_.preempt.size() > displaced_) return;
    for (size_t i = 0; i < waiting_.size() && prefill_left_ > 0; ++i) {
      const WaitingView& view = waiting_[i];
      while (Slots() <= 0 || !budget_.Fits(view, Later())) {
        std::optional<size_t> victim = PausedVictim();
        if (!victim) return;
        Preempt(*victim);
      }
      int64_t tokens = std::min(view.tokens - view.cached_tokens,
                                Share(i + 1 < waiting_.size() && Slots() > 1));
      if (view.scores_prompt) tokens = std::min(tokens, rows_left_);
      tokens = std::min(tokens, budget_.Room(view));
      if (tokens <= 0) return;
      budget_.Admit(view, tokens, admitted_later_);
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
      more = std::min(more, budget_.Room(view, granted_[i], budget_.None()));
      if (more <= 0) continue;
      budget_.Take(view, granted_[i], more);
      granted_[i] += more;
      prefill_left_ -= more;
      if (view.scores_prompt) rows_left_ -= more;
    }
  }

  const SchedulerLimits& limits_;
  const Snapshot& snapshot_;
  const std::span<const WaitingView> waiting_;  // those that may be admitted
  BlockBudget budget_;
  BlockBudget::Counts admitted_later_ = budget_.None();
  int64_t prefill_left_;
  int64_t rows_left_;
  std::vector<bool> preempted_;
  size_t displaced_ = 0;  // of those that are preempted, to make room for the first waiting one
  std::vector<int64_t> granted_;
  StepDecision decision_;
};

}  // namespace

serving::BatchSnapshot Summarize(const SchedulerLimits& limits, const Snapshot& snapshot,
                                 std::vector<serving::WaitingItem>& waiting) {
  waiting.clear();
  for (const WaitingView& view : snapshot.waiting) {
    waiting.push_back(
        {.tokens = view.tokens - view.cached_tokens, .arrived = view.arrived});
  }
  serving::BatchSnapshot summary;
  summary.waiting = waiting;
  summary.divisible = true;
  for (const RunningView& view : snapshot.running) {
    if (IsDecode(view)) {
      ++summary.decoding_rows;
    } else if (!view.paused && !view.deferred && view.tokens > view.computed) {
      ++summary.prefill_rows;
    }
  }
  summary.capacity.rows = limits.sequences_max - static_cast<int64_t>(snapshot.running.size());
  summary.capacity.tokens = std::max<int64_t>(0, limits.step_tokens_max - summary.decoding_rows);
  return summary;
}

StepDecision DecideStep(const SchedulerLimits& limits, const Snapshot& snapshot,
                        const serving::BatchDecision& batch) {
  return Decider(limits, snapshot, batch).Decide();
}

}  // namespace pano::engine
