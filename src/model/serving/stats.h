#pragma once

#include <cstdint>
#include <string>

namespace pano::serving {

// Tokens of requests.
struct TokenCounts {
  int64_t input = 0;   // of their inputs, computed; each counts once, however often it is computed
  int64_t cached = 0;  // of their inputs, taken from a cache instead
  int64_t output = 0;  // generated

  TokenCounts& operator+=(const TokenCounts& other) {
    input += other.input;
    cached += other.cached;
    output += other.output;
    return *this;
  }
  bool operator==(const TokenCounts&) const = default;
};

// What every service counts. A request is what Submit took. A row is what a step computes beside
// others: a sequence of an engine, an input of a predictor; one request may have several.
struct Stats {
  int64_t waiting_requests = 0;  // none of their rows has been in a step
  int64_t running_requests = 0;  // the others that are not done
  int64_t running_rows = 0;      // an engine's sequences that hold memory; the rows of a
                                 // predictor's batch while it is computed
  int64_t steps = 0;             // forward passes
  int64_t cancellations = 0;     // requests that ended early: see EndReason
  int64_t rejections = 0;        // requests that Submit refused: see RejectionReason
  TokenCounts tokens = {};
  double seconds_since_progress = 0;  // since the last step, while there is work; else 0
};

// One tenant's share. Totals count from the tenant's first request on, as long as it is known.
struct TenantStats {
  std::string tenant;
  int64_t waiting_requests = 0;
  int64_t running_requests = 0;
  int64_t requests = 0;  // taken in all
  TokenCounts tokens = {};
};

}  // namespace pano::serving
