#include "app/api/kserve/optional_body.h"

#include <string>
#include <utility>

#include "app/api/call.h"
#include "app/api/policy/guard.h"
#include "base/strings.h"

namespace pano::api::kserve {
namespace {

Status Read(Call& call, const json::ParseOptions& options) {
  const std::string text = call.exchange().TakeBody();
  if (Trim(text).empty()) {
    call.body = json::Value(json::Object());
    return {};
  }
  PANO_RETURN_IF_ERROR(ParseJsonBody(text, options, call.body));
  if (call.body.is_object()) return {};
  return InvalidArgument(StrCat("the body has to be a JSON object, not ", call.body.kind()));
}

}  // namespace

Failure CheckContentType(const http::Request& head) {
  const std::string_view given = head.Header("Content-Type");
  const std::string type = ToLower(Trim(given.substr(0, given.find(';'))));
  if (type.empty() || type == "application/octet-stream") return {};
  return CheckJsonContentType(head);
}

const BodyFormat kOptionalBody = {"application/json", CheckContentType, Read};

}  // namespace pano::api::kserve
