#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/serving/stats.h"

namespace pano::serving {

// What serves one version of a model, whatever it answers: engine::Engine generates tokens,
// batch::Predictor looks at whole inputs. Each adds a Submit of its own, with a request and an
// answer of its own type; all that does not depend on these types is here, so that code which
// drains, watches, cancels or refuses holds a `Service&` and need not know which one it is.
// Thread-safe.
//
//   Result<...> answer = engine.Submit(std::move(request));
//   if (!answer.ok() && Describe(answer.error().code()).retryable) {
//     retry_after_seconds = service.RetryAfterSeconds();      // 429 and 503
//   }
//   ready = service.GetStats().seconds_since_progress <= stall_limit;
//   finished = service.Drain(timeout);                        // before it is destroyed
class Service {
 public:
  virtual ~Service() = default;  // stops: requests that are not done end at once

  // Ends the request with this id before the next step; unknown ids are ignored.
  virtual void Cancel(const std::string& request_id) = 0;

  // Refuses new requests from now on and waits until the others are done or `timeout` has passed;
  // what is not done then is cancelled, which takes one step at most. Returns whether all finished
  // by themselves.
  virtual bool Drain(Duration timeout) = 0;

  // A snapshot, consistent in itself.
  virtual Stats GetStats() const = 0;

  // The tenants that are known, by name; at most TenantAccounts::kTenantsMax and one named
  // "(others)" that stands for all the rest.
  virtual std::vector<TenantStats> GetTenantStats() const = 0;

  // How long a refused client should wait before it tries again: from the queue's length and the
  // recent rate of completions; >= 1.
  virtual int64_t RetryAfterSeconds() const = 0;
};

}  // namespace pano::serving
