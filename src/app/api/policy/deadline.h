#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace pano::api {

// A gRPC timeout as its HTTP/2 mapping writes it: 1 to 8 digits and a unit, H M S m u n (hours, minutes,
// seconds, milli-, micro-, nanoseconds). InvalidArgument for anything else.
Result<Duration> ParseGrpcTimeout(std::string_view text);

// How long a request may take from end to end, as its header `grpc-timeout` ("" = none) and its body say:
// `deadline_ms` of the body or of its `parameters`; the least of them. None: as long as it takes.
// InvalidArgument names the field.
Result<std::optional<Duration>> ReadDeadline(std::string_view grpc_timeout, const json::Value& body);

}  // namespace pano::api
