#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/quota/limits.h"
#include "base/clock.h"

namespace pano::quota {

// By how much a slot of a subject's window changed. A value.
struct UsageDelta {
  std::string subject;
  Dimension dimension = Dimension::kRequestsPerMinute;
  int64_t slot = 0;
  int64_t amount = 0;
};

// Where usage survives the process. Thread-safe.
class UsageJournal {
 public:
  virtual ~UsageJournal() = default;

  // What was kept, summed by slot, less what lies behind the windows at `now_ms`. Once, at the start.
  virtual std::vector<UsageDelta> TakeKept(int64_t now_ms) = 0;

  // Takes changes, to be written soon and in this order; never waits. The ticket of the last of them.
  virtual uint64_t Append(std::vector<UsageDelta> deltas) = 0;
  // Waits until all up to `ticket` are written, so that they outlive the process, or `limit` has
  // passed. False: they are not yet, and will be.
  virtual bool AwaitWritten(uint64_t ticket, Duration limit) = 0;
};

}  // namespace pano::quota
