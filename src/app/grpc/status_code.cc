#include "app/grpc/status_code.h"

#include "base/json.h"
#include "base/utf8.h"

namespace pano::grpc {
namespace {

// Numbers of grpc::StatusCode, which are those of the wire.
enum : int {
  kOk = 0,
  kCancelled = 1,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kUnauthenticated = 16,
};

}  // namespace

int StatusCodeOf(int http_status) {
  switch (http_status) {
    case 401: return kUnauthenticated;
    case 403: return kPermissionDenied;
    case 404: return kNotFound;
    case 409: return kAlreadyExists;
    case 413:
    case 429: return kResourceExhausted;
    case 499: return kCancelled;
    case 405:
    case 501: return kUnimplemented;
    case 503: return kUnavailable;
    case 504: return kDeadlineExceeded;
    default: break;
  }
  if (http_status < 400) return kOk;
  return http_status < 500 ? kInvalidArgument : kInternal;
}

std::string ErrorMessageOf(std::string_view body) {
  constexpr size_t kBytesMax = 2048;
  const Result<json::Value> parsed = json::Parse(body);
  if (!parsed.ok()) return "the request failed";
  const json::Value* text = &*parsed;
  for (std::string_view member : {"error", "message"}) {
    if (const json::Value* inner = text->Find(member)) text = inner;
  }
  if (!text->is_string()) return "the request failed";
  std::string message = text->as_string();
  if (message.size() > kBytesMax) {
    message.resize(kBytesMax);
    message.resize(message.size() - Utf8IncompleteTail(message));
  }
  return message;
}

}  // namespace pano::grpc
