#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>

#include "app/hub/blob_job.h"
#include "app/hub/hub_client.h"
#include "base/clock.h"
#include "base/retry.h"
#include "base/status.h"

namespace pano::hub {

// How a segment is fetched.
struct FetchContext {
  RetryOptions retry;
  Clock& clock;
  std::stop_token stop;
  std::function<void()> on_ranges_known;   // other threads may take segments now
  // A try has failed and the next one is `delay` away.
  std::function<void(const Status& failure, Duration delay)> on_retry;
  std::atomic<uint64_t>* bytes_fetched = nullptr;  // counts what came over the network
};

// Fetches what is missing of a segment that the caller has taken, or of the whole blob where the server
// ignores ranges; with retries that go on where the last one ended. Ok when it is complete.
Status FetchSegment(BlobJob& job, size_t segment, HubClient& client, const FetchContext& context);

// "bytes 5-9/100": the first and last byte and the size ("*": none). Nothing for any other form.
struct ContentRange {
  uint64_t first = 0, last = 0;
  std::optional<uint64_t> size;
};
std::optional<ContentRange> ParseContentRange(std::string_view text);

}  // namespace pano::hub
