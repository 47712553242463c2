#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "app/auth/principal.h"

namespace pano::batches {

// One line of a batch as a request. A value.
struct LineRequest {
  auth::Principal principal;  // who made the batch
  std::string path;           // the batch's endpoint
  std::string body;           // JSON
  std::string id;             // of the request
};

// What came of it. A value.
struct LineAnswer {
  int status = 0;  // of HTTP; 0: it was dropped, nobody answered
  std::string body;
  int64_t retry_after_seconds = 0;  // of a 429 or 503
};

// Answers requests of batches. `done` is called once, from any thread and perhaps before this returns, whatever
// happens to the request. What is returned ends the request before its time; then `done` is told of the status 499.
// It may be called at any time, also when the request is over.
using LineService =
    std::function<std::function<void()>(LineRequest request, std::function<void(LineAnswer)> done)>;

}  // namespace pano::batches
