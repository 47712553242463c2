#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"

namespace pano::grammar {

// The work that one compilation may do, in elementary steps (an edge looked at, a state made): time
// and memory follow from it, so that a hostile source ends in a refusal and never in a wait.
// Confined to its compilation's thread.
class StepBudget {
 public:
  explicit StepBudget(uint64_t steps) : left_(steps) {}

  // Takes `steps` from what is left; Exhausted when that is less. `what` names what is being made.
  Status Spend(uint64_t steps, const char* what) {
    if (steps <= left_) {
      left_ -= steps;
      return OkStatus();
    }
    left_ = 0;
    return Status(StatusCode::kExhausted,
                  std::string(what) + " takes more work than a compilation may do")
        .WithReason("too_complex");
  }
  uint64_t left() const { return left_; }

 private:
  uint64_t left_;
};

}  // namespace pano::grammar
