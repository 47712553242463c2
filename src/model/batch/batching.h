#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/clock.h"

namespace pano::batch {

// How requests of one priority level wait; the names are those of Triton's ModelQueuePolicy. A value.
struct QueuePolicy {
  enum class TimeoutAction : uint8_t {
    kReject,  // a request that has waited too long is refused
    kDelay,   // it goes on waiting, behind all others
  };
  TimeoutAction timeout_action = TimeoutAction::kReject;
  Duration default_timeout = Duration::zero();  // of waiting for a batch; 0: none
  bool allow_timeout_override = false;          // a request may bring a shorter one
  int64_t max_queue_size = 0;                   // requests of the level that wait; 0: no bound of its own

  bool operator==(const QueuePolicy&) const = default;
};

// How batches are formed; the names are those of Triton's ModelDynamicBatching. A value.
struct Batching {
  static constexpr int64_t kPriorityLevelsMax = 64;
  // What one level is worth in waiting, so that no level waits for ever behind more urgent ones; the same as a
  // step of a generation's priority (serving::kPrioritySpan).
  static constexpr Duration kAgingSpan = std::chrono::seconds(1);

  int64_t max_batch_size = 32;                    // rows
  int64_t tokens_max = 8192;                      // of a batch
  Duration max_queue_delay = std::chrono::milliseconds(2);  // the oldest waits that long for company; 0: never
  std::vector<int64_t> preferred_batch_size = {};  // ascending: one of these sizes is taken at once
  int64_t priority_levels = 0;        // 1 is the most urgent; 0: all are alike
  int64_t default_priority_level = 0;  // of requests that name none
  QueuePolicy default_queue_policy = {};
  std::map<int64_t, QueuePolicy> priority_queue_policy = {};  // of some levels, in place of the default

  const QueuePolicy& PolicyOf(int64_t priority) const {
    auto it = priority_queue_policy.find(priority);
    return it == priority_queue_policy.end() ? default_queue_policy : it->second;
  }
  bool operator==(const Batching&) const = default;
};

}  // namespace pano::batch
