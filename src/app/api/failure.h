#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/http/http.h"
#include "app/models/model_catalog.h"
#include "base/json.h"
#include "base/status.h"

namespace pano::api {

// A failure on its way to the client: what is wrong, and what HTTP says beside it. Message, field
// ("param" in the answer) and reason ("code"; else the status code's name) are the status's own.
// A value.
struct Failure {
  Failure() = default;
  Failure(Status why) : status(std::move(why)) {}  // NOLINT: each status is a failure
  Failure(Status why, int http) : status(std::move(why)), http_status(http) {}

  bool ok() const { return status.ok(); }
  int HttpStatus() const;

  Status status;
  int http_status = 0;              // 0: the status code's own
  std::string challenge;            // WWW-Authenticate of a 401 or 403; "": a 401's plainest
  int64_t retry_after_seconds = 1;  // for 429 and 503, which carry Retry-After
  // Of the model that is being loaded: the error's member "progress", 0 to 1.
  std::optional<models::LoadProgress> progress = {};
};

// InvalidArgument about one field of a request; "" names none.
Status BadField(std::string_view field, std::string message);
// Unavailable: memory ran out for one request.
Status OutOfMemory();
// What the HTTP layer finds itself, by HTTP status.
Failure FromHttpStatus(int http_status, std::string_view message);

// The body of an error answer, in the shape of one dialect.
using ErrorBody = json::Value (*)(const Failure& failure, std::string_view request_id);
// That of most: {"error": {"message", "type", "param", "code", "request_id"}}.
json::Value ErrorJson(const Failure& failure, std::string_view request_id);

http::Response ErrorResponse(const Failure& failure, std::string_view request_id,
                             ErrorBody error_body = ErrorJson);
// The only place where Retry-After is written.
void SetRetryAfter(http::Response& response, int64_t seconds);

}  // namespace pano::api
