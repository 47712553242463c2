#pragma once

#include <cstdint>
#include <vector>

#include "model/nn/fwd.h"

namespace pano::engine {

// What a sequence's drafts have been worth. Thread-compatible.
struct Acceptance {
  // That a draft token is right when those before it were: an exponential average.
  double rate = 0.5;
  int64_t idle_steps = 0;  // that drew for the sequence without a draft, since the last one
  bool begun = false;

  // Once, before the sequence's first step: its drafts are expected to be worth what those of others
  // were of late. Where that is not worth a draft, one is tried soon.
  void Begin(double others);
  // A step had `drafted` tokens, of which the first `accepted` were right.
  void Learn(int64_t drafted, int64_t accepted);
};

// What drafts of all sequences have been worth of late. Thread-compatible.
class SharedAcceptance {
 public:
  void Learn(int64_t drafted, int64_t accepted);
  double rate() const { return rate_; }

 private:
  double rate_ = 0.5;
};

// A sequence that draws in this step.
struct DraftView {
  int64_t room = 0;  // draft tokens that it may have at most
  Acceptance acceptance;
};

// A step as it is without drafts.
struct DraftSnapshot {
  int64_t rows = 0;  // tokens that it computes
  std::vector<DraftView> sequences;
};

struct SpeculationLimits {
  int64_t rows_max = 8;   // of the step, with its drafts
  int64_t draft_max = 7;  // of one sequence
  // False: every sequence gets all that the limits and its room allow. True: what pays.
  bool adaptive = true;
  // How much longer a step takes for one row more, as a part of a step with one row: what it costs
  // to draft and to verify one token.
  double row_cost = 0.15;
};

// The policy, a pure function: how many draft tokens each of the sequences gets. A few rows more
// cost little as long as a step waits for the weights; the adaptive policy hands them out one by
// one, each to the sequence where it is most likely right, while that makes the step yield more
// tokens a second. A sequence whose drafts do not pay gets none, and a single one now and then to
// see whether they do.
std::vector<int64_t> PlanDrafts(const SpeculationLimits& limits, const DraftSnapshot& snapshot);

// Whether state behind rejected tokens can simply be written again: not where a group has one state
// for the whole sequence.
bool CanRewind(const nn::StateLayout& layout);

}  // namespace pano::engine
