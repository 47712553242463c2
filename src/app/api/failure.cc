#include "app/api/failure.h"

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

std::string_view DetailOf(StatusCode code) {
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
  return http_status != 0 ? http_status : Describe(code).http_status;
}

Failure BadField(std::string_view param, std::string message) {
  Failure failure;
  failure.message = std::move(message);
  failure.param = std::string(param);
  return failure;
}

Failure FromStatus(const Status& status, std::string_view param) {
  constexpr std::string_view kContext = "context_length_exceeded:";
  Failure failure;
  failure.code = status.code();
  failure.message = status.message();
  failure.param = std::string(param);
  if (status.message().starts_with(kContext)) {
    failure.detail = "context_length_exceeded";
    failure.message = std::string(Trim(std::string_view(status.message()).substr(kContext.size())));
  }
  return failure;
}

Failure FromHttpStatus(int http_status, std::string_view message) {
  Failure failure;
  failure.code = CodeOf(http_status);
  failure.http_status = http_status;
  failure.message = std::string(message);
  if (http_status == 413) failure.detail = "body_too_large";
  if (http_status == 503) failure.retry_after_seconds = 1;
  return failure;
}

json::Value ErrorJson(const Failure& failure, std::string_view request_id) {
  json::Value error;
  error.Set("message", failure.message);
  error.Set("type", TypeOf(failure.HttpStatus()));
  error.Set("param", failure.param.empty() ? json::Value() : json::Value(failure.param));
  error.Set("code",
            failure.detail.empty() ? DetailOf(failure.code) : std::string_view(failure.detail));
  error.Set("request_id", request_id);
  json::Value body;
  body.Set("error", std::move(error));
  return body;
}

http::Response ErrorResponse(const Failure& failure, std::string_view request_id) {
  http::Response response;
  response.status = failure.HttpStatus();
  response.headers.emplace_back("Content-Type", "application/json");
  if (failure.retry_after_seconds > 0) {
    response.headers.emplace_back("Retry-After", StrCat(failure.retry_after_seconds));
  }
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  response.body = json::Dump(ErrorJson(failure, request_id));
  return response;
}

}  // namespace pano::api
