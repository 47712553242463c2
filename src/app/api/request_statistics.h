#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "app/api/call.h"
#include "base/mutex.h"

namespace pano::api {

// What requests for models' work came to, by the label of the version that answered; from all dialects,
// since the server started. Thread-safe.
class RequestStatistics {
 public:
  struct Counts {
    int64_t succeeded = 0, failed = 0;
    int64_t inputs = 0;  // of those that succeeded
    double success_seconds = 0, fail_seconds = 0;
    double queue_seconds = 0, compute_seconds = 0;  // of those that succeeded
    int64_t last_unix_seconds = 0;                  // of the last one; 0: none yet
  };

  // Counts a request that named a model; others are passed over.
  void Count(const RequestRecord& record, int64_t unix_seconds);
  Counts Of(std::string_view label) const;

 private:
  mutable Mutex mu_;
  std::map<std::string, Counts, std::less<>> counts_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::api
