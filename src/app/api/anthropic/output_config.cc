#include "app/api/anthropic/output_config.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/api/constraint.h"
#include "app/api/failure.h"
#include "base/strings.h"

namespace pano::api::anthropic {
namespace {

using json::Value;

Status NotSupported(std::string_view field) {
  return BadField(field, StrCat("'", field, "' is not supported here"));
}

Status ReadFormat(const Value& format, const std::string& field,
                  std::optional<constraints::Source>& constraint) {
  if (!format.is_object())
    return BadField(field, StrCat("'", field, "' must be an object, not ", format.kind()));
  const Value* type = format.Find("type");
  if (!type || !type->is_string() || type->as_string() != "json_schema") {
    return BadField(StrCat(field, ".type"), StrCat("'", field, ".type' must be \"json_schema\""));
  }
  const Value* schema = format.Find("schema");
  if (!schema || !schema->is_object()) {
    return BadField(StrCat(field, ".schema"), StrCat("'", field, ".schema' must be a JSON Schema"));
  }
  for (const auto& [name, value] : format.as_object()) {
    if (name != "type" && name != "schema" && !value.is_null())
      return NotSupported(StrCat(field, ".", Printable(name)));
  }
  if (constraint)
    return BadField(field,
                    "'output_format' and 'output_config.format' say the same: one is allowed");
  constraint = JsonSchemaSource(*schema, StrCat(field, ".schema"));
  return {};
}

// The words of OpenAI's efforts, which are those that templates know, and one above them.
Status ReadEffort(const Value& effort, ChatRequest& request) {
  constexpr std::array<std::string_view, 5> kEfforts = {"low", "medium", "high", "xhigh", "max"};
  const std::string word = effort.is_string() ? effort.as_string() : "";
  if (std::find(kEfforts.begin(), kEfforts.end(), word) == kEfforts.end()) {
    return BadField("output_config.effort",
                    "'output_config.effort' must be low, medium, high, xhigh or max");
  }
  request.SetKwarg("reasoning_effort", word == "max" ? "xhigh" : word);
  return {};
}

}  // namespace

Status ReadOutputConfig(const Value& body, ChatRequest& request, MessagesCall& messages) {
  const Value* older = body.Find("output_format");
  if (older && !older->is_null())
    PANO_RETURN_IF_ERROR(ReadFormat(*older, "output_format", messages.constraint));
  const Value* config = body.Find("output_config");
  if (!config || config->is_null()) return {};
  for (const auto& [name, value] : config->as_object()) {
    if (value.is_null()) continue;
    if (name == "format") {
      PANO_RETURN_IF_ERROR(ReadFormat(value, "output_config.format", messages.constraint));
    } else if (name == "effort") {
      PANO_RETURN_IF_ERROR(ReadEffort(value, request));
    } else {
      return NotSupported(StrCat("output_config.", Printable(name)));
    }
  }
  return {};
}

}  // namespace pano::api::anthropic
