#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/http/http.h"
#include "base/json.h"
#include "base/status.h"

namespace pano::api {

// Why a request is refused, with everything the error shape carries. A value.
struct Failure {
  StatusCode code = StatusCode::kInvalidArgument;
  std::string message;
  std::string param;                // the field that is wrong; "" = none
  std::string detail;               // JSON's `code`; "" = the status code's own
  int http_status = 0;              // 0: the status code's own
  int64_t retry_after_seconds = 0;  // > 0: sent as Retry-After

  int HttpStatus() const;
};

// Checks answer nothing when all is well.
using Refusal = std::optional<Failure>;

Failure BadField(std::string_view param, std::string message);
Failure FromStatus(const Status& status, std::string_view param = {});
// The same for what the HTTP layer finds itself, by HTTP status.
Failure FromHttpStatus(int http_status, std::string_view message);

// {"error": {"message", "type", "param", "code", "request_id"}}: contracts.md, "Errors".
json::Value ErrorJson(const Failure& failure, std::string_view request_id);
http::Response ErrorResponse(const Failure& failure, std::string_view request_id);

}  // namespace pano::api
