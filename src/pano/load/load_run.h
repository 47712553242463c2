#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "app/http/client.h"
#include "app/http/url.h"
#include "pano/load/answer_reader.h"
#include "pano/load/workload.h"

namespace pano::load {

struct RunOptions {
  int64_t requests = 32;
  int64_t concurrency = 4;  // closed loop: so many at once, each followed by the next
  double rate = 0;          // above 0, open loop: arrivals a second, with random (Poisson) gaps
  http::ClientOptions client;
};

struct RunResult {
  std::vector<Outcome> outcomes;  // one a request
  double seconds = 0;             // from the first request to the end of the last
};

// In an open loop at most so many requests are in flight; one that comes later waits for its turn,
// and its times count from when it was due.
inline constexpr int64_t kConnectionsMax = 4096;

// Sends all requests from this thread and waits for them; `on_progress` is called now and then.
RunResult SendAll(const http::Url& url, const WorkloadOptions& workload, const RunOptions& options,
                  const std::function<void(int64_t done, int64_t errors)>& on_progress);

}  // namespace pano::load
