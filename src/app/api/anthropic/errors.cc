#include "app/api/anthropic/errors.h"

namespace pano::api::anthropic {
namespace {

// Anthropic's kinds of errors, by which its clients choose the class that they raise.
std::string_view KindOf(int http_status) {
  switch (http_status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    default:
      return http_status >= 500 ? "api_error" : "invalid_request_error";
  }
}

}  // namespace

json::Value ErrorBodyJson(const Failure& failure, std::string_view request_id) {
  json::Value error;
  error.Set("type", KindOf(failure.HttpStatus()));
  error.Set("message", failure.status.message());
  json::Value body;
  body.Set("type", "error");
  body.Set("error", std::move(error));
  body.Set("request_id", request_id);
  return body;
}

}  // namespace pano::api::anthropic
