#include "app/api/body_format.h"

#include <utility>

#include "base/result.h"
#include "base/strings.h"

namespace pano::api {

Status ParseJsonBody(std::string_view text, const json::ParseOptions& options, json::Value& body) {
  // RFC 8259, 8.1: a reader may pass over a byte order mark; Windows editors write one.
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Result<json::Value> parsed = json::Parse(text, options);
  if (!parsed.ok() && parsed.error().code() == StatusCode::kExhausted) return OutOfMemory();
  if (!parsed.ok()) {
    return InvalidArgument(StrCat("the body is no JSON: ", parsed.error().message()))
        .WithReason("invalid_json");
  }
  body = std::move(parsed).value();
  return {};
}

}  // namespace pano::api
