#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/train/parallel/member_session.h"
#include "model/train/recipe/recipe.h"
#include "model/train/run/events/event.h"

namespace pano::train {

struct RunOptions {
  std::string out;      // folder of the run
  bool resume = false;  // go on from its newest whole checkpoint; an empty folder begins anew
  bool deterministic = false;
  int64_t threads = 0;                 // of this process; 0: its share of the machine's
  std::string version, commit;         // of the build
  std::vector<std::string> arguments;  // of this program, for members that it starts
  MemberOptions members;
  bool gloo = false;  // large sums go round c10d's ring (parallel/gloo)
  // True once somebody wants the run to end: it leaves a checkpoint and is over.
  std::function<bool()> terminated;
  // Who watches a run of so many steps, of which some are done; called once, in the first member's
  // process: when these are known, or before anything is said (with zeros).
  std::function<std::unique_ptr<EventSink>(int64_t steps, int64_t done)> watch;
  bool watch_from_start = false;
};

// A run of any task but tokenizer, from the recipe to OUT/model or OUT/adapter, alone or as one
// member of several: run folder, members, curves, and the session of steps between them.
Status RunTraining(const Recipe& recipe, const RunOptions& options);

}  // namespace pano::train
