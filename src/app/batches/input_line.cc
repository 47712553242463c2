#include "app/batches/input_line.h"

#include <utility>

#include "base/strings.h"

namespace pano::batches {
namespace {

using json::Value;

Status Wrong(std::string_view code, std::string_view field, std::string message) {
  return InvalidArgument(std::move(message)).WithReason(std::string(code)).WithField(std::string(field));
}

}  // namespace

Result<InputLine> ParseInputLine(std::string_view text, std::string_view endpoint) {
  Result<Value> parsed = json::Parse(text);
  if (!parsed.ok()) return Wrong("invalid_json_line", "", StrCat("the line is no JSON: ", parsed.error().message()));
  if (!parsed->is_object()) return Wrong("invalid_request", "", "the line is no JSON object");
  const auto text_of = [&](std::string_view name) -> const std::string* {
    const Value* value = parsed->Find(name);
    return value && value->is_string() ? &value->as_string() : nullptr;
  };
  const std::string* id = text_of("custom_id");
  if (!id || id->empty()) return Wrong("missing_required_parameter", "custom_id", "'custom_id' is missing or no string");
  if (id->size() > kCustomIdBytesMax) {
    return Wrong("invalid_request", "custom_id", StrCat("'custom_id' has more than ", kCustomIdBytesMax, " bytes"));
  }
  const std::string* method = text_of("method");
  if (!method || *method != "POST") return Wrong("invalid_method", "method", "'method' must be \"POST\"");
  const std::string* url = text_of("url");
  if (!url || *url != endpoint) {
    return Wrong("mismatched_endpoint", "url",
                 StrCat("'url' must be the batch's endpoint, ", endpoint, url ? StrCat(", not ", Printable(*url)) : ""));
  }
  const Value* body = parsed->Find("body");
  if (!body || !body->is_object()) {
    return Wrong("missing_required_parameter", "body", "'body' is missing or no object");
  }
  return InputLine{*id, json::Dump(*body)};
}

}  // namespace pano::batches
