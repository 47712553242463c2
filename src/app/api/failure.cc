#include "app/api/failure.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace pano::api {
namespace {

// Names of OpenAI's error types: its clients and the tools around them look at these.
std::string_view TypeOf(int http_status) {
  switch (http_status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    default:
      return http_status >= 500 ? "server_error" : "invalid_request_error";
  }
}

// The answer's "code" where the failure has no reason of its own.
std::string_view NameOf(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kInvalidArgument:
      return "invalid_argument";
    case StatusCode::kNotFound:
      return "not_found";
    case StatusCode::kAlreadyExists:
      return "already_exists";
    case StatusCode::kCorruption:
      return "corruption";
    case StatusCode::kExhausted:
      return "exhausted";
    case StatusCode::kDeadline:
      return "deadline";
    case StatusCode::kCancelled:
      return "cancelled";
    case StatusCode::kUnavailable:
      return "unavailable";
    case StatusCode::kUnimplemented:
      return "unimplemented";
    case StatusCode::kInternal:
      return "internal";
    case StatusCode::kUnauthenticated:
      return "unauthenticated";
    case StatusCode::kPermissionDenied:
      return "permission_denied";
  }
  return "internal";
}

StatusCode CodeOf(int http_status) {
  switch (http_status) {
    case 401:
      return StatusCode::kUnauthenticated;
    case 403:
      return StatusCode::kPermissionDenied;
    case 404:
      return StatusCode::kNotFound;
    case 408:
      return StatusCode::kDeadline;
    case 429:
      return StatusCode::kExhausted;
    case 501:
      return StatusCode::kUnimplemented;
    case 503:
      return StatusCode::kUnavailable;
    default:
      return http_status >= 500 ? StatusCode::kInternal : StatusCode::kInvalidArgument;
  }
}

}  // namespace

int Failure::HttpStatus() const {
  return http_status != 0 ? http_status : Describe(status.code()).http_status;
}

Status BadField(std::string_view field, std::string message) {
  Status status = InvalidArgument(std::move(message));
  return field.empty() ? status : std::move(status).WithField(std::string(field));
}

Status OutOfMemory() {
  return Status(StatusCode::kUnavailable, "the server has no memory left for this request")
      .WithReason("out_of_memory");
}

Failure FromHttpStatus(int http_status, std::string_view message) {
  Status status(CodeOf(http_status), std::string(message));
  if (http_status == 413) status = std::move(status).WithReason("body_too_large");
  if (http_status == 415) status = std::move(status).WithReason("unsupported_media_type");
  return Failure(std::move(status), http_status);
}

json::Value ErrorJson(const Failure& failure, std::string_view request_id) {
  const Status& status = failure.status;
  json::Value error;
  error.Set("message", status.message());
  error.Set("type", TypeOf(failure.HttpStatus()));
  error.Set("param", status.field().empty() ? json::Value() : json::Value(status.field()));
  error.Set("code",
            status.reason().empty() ? NameOf(status.code()) : std::string_view(status.reason()));
  error.Set("request_id", request_id);
  if (failure.progress) {
    json::Value progress;
    progress.Set("fraction", std::round(failure.progress->fraction * 100) / 100);
    progress.Set("eta_seconds", failure.progress->eta_seconds);
    error.Set("progress", std::move(progress));
  }
  json::Value body;
  body.Set("error", std::move(error));
  return body;
}

http::Response ErrorResponse(const Failure& failure, std::string_view request_id,
                             ErrorBody error_body) {
  http::Response response;
  response.status = failure.HttpStatus();
  response.headers.emplace_back("Content-Type", "application/json");
  if (response.status == 429 || response.status == 503) {
    SetRetryAfter(response, failure.retry_after_seconds);
  }
  if (!failure.challenge.empty()) {
    response.headers.emplace_back("WWW-Authenticate", failure.challenge);
  } else if (response.status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"panorama\"");
  }
  response.body = json::Dump(error_body(failure, request_id));
  return response;
}

void SetRetryAfter(http::Response& response, int64_t seconds) {
  response.headers.emplace_back("Retry-After", StrCat(std::max<int64_t>(seconds, 1)));
}

}  // namespace pano::api
