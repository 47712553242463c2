#pragma once

#include <string>
#include <utility>

#include "app/api/call.h"
#include "base/json.h"
#include "base/log.h"

namespace pano::service {

// One answered request as a line of the log: who asked for what and how it ended, and nothing of what
// was written or answered. What the client chose (method, path) is escaped, without the query, which may
// hold anything. A value.
struct RequestLine {
  LogLevel level = LogLevel::kInfo;  // debug for health and metrics that are fine: they are asked for
                                     // every few seconds
  std::string text;     // "[request] POST /v1/completions m 200 5+16 tokens 12.3 ms req-1f..."
  json::Value members;  // the same by name
};

RequestLine MakeRequestLine(const api::RequestRecord& record);

}  // namespace pano::service
