#include "model/engine/speculation/speculation_policy.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "model/nn/model.h"

// Greedy: a draft token's gain is the probability that it and all before it are right (rate^n), its
// cost a row. Tokens are given one by one to the sequence with the largest gain while the step's
// expected tokens a second still rise. The rate is an exponential average over verified tokens.

namespace pano::engine {
namespace {

// The weight of the latest token in the average: a few misses end speculation, a few hits start it.
constexpr double kLatest = 0.2;
// Steps without a draft after which one is tried.
constexpr int64_t kRetryAfter = 64;
// The same before a sequence's first draft.
constexpr int64_t kFirstTryAfter = 8;
// By how much a draft token must be worth more than it costs: both are estimates, and where they are
// alike nothing is won and something may be lost.
constexpr double kMargin = 1.15;
// The weight of the latest token in the average over all sequences, which no single one turns.
constexpr double kLatestOfAll = 0.02;

// The average moved by so many tokens: those that were right, and the first one that was not. What
// comes after that one says nothing.
double Averaged(double rate, double weight, int64_t drafted, int64_t accepted) {
  for (int64_t i = 0; i < accepted; ++i) rate += weight * (1 - rate);
  if (accepted < drafted) rate -= weight * rate;
  return rate;
}

// How many tokens one draft token more is expected to yield.
double Gain(const Acceptance& acceptance, int64_t drafts) {
  return std::pow(acceptance.rate, static_cast<double>(drafts + 1));
}

// Whether it is time to see what drafts are worth.
bool IsDue(const Acceptance& acceptance, int64_t drafts) {
  return drafts == 0 && acceptance.idle_steps >= kRetryAfter;
}

}  // namespace

void Acceptance::Learn(int64_t drafted, int64_t accepted) {
  if (drafted == 0) {
    ++idle_steps;
    return;
  }
  idle_steps = 0;
  rate = Averaged(rate, kLatest, drafted, accepted);
}

void Acceptance::Begin(double others) {
  if (begun) return;
  begun = true;
  rate = others;
  idle_steps = kRetryAfter - kFirstTryAfter;
}

void SharedAcceptance::Learn(int64_t drafted, int64_t accepted) {
  rate_ = Averaged(rate_, kLatestOfAll, drafted, accepted);
}

std::vector<int64_t> PlanDrafts(const SpeculationLimits& limits, const DraftSnapshot& snapshot) {
  std::vector<int64_t> drafts(snapshot.sequences.size());
  int64_t rows = snapshot.rows;
  auto most = [&](size_t i) { return std::min(limits.draft_max, snapshot.sequences[i].room); };
  if (!limits.adaptive) {
    for (size_t i = 0; i < drafts.size(); ++i) {
      drafts[i] = std::max<int64_t>(0, std::min(most(i), limits.rows_max - rows));
      rows += drafts[i];
    }
    return drafts;
  }
  auto tokens = static_cast<double>(drafts.size());  // that the step is expected to yield
  for (; rows < limits.rows_max; ++rows) {
    std::optional<size_t> best;
    double best_gain = 0;
    bool due = false;
    for (size_t i = 0; i < drafts.size(); ++i) {
      if (drafts[i] >= most(i) || due) continue;
      due = IsDue(snapshot.sequences[i].acceptance, drafts[i]);
      const double gain = Gain(snapshot.sequences[i].acceptance, drafts[i]);
      if (gain <= best_gain && !due) continue;
      best = i;
      best_gain = gain;
    }
    // Worth it when it yields more for its cost than the step does so far.
    const double cost = 1 + limits.row_cost * static_cast<double>(rows - 1);
    if (!best || (!due && best_gain * cost < kMargin * limits.row_cost * tokens)) break;
    ++drafts[*best];
    tokens += best_gain;
  }
  return drafts;
}

bool CanRewind(const nn::StateLayout& layout) {
  return std::ranges::none_of(layout.groups, [](const nn::StateGroup& group) {
    return group.kind == nn::StateGroup::Kind::kFixed;
  });
}

}  // namespace pano::engine
