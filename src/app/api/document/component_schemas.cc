#include "app/api/document/component_schemas.h"

#include <utility>

#include "app/api/constraint.h"
#include "base/check.h"
#include "base/strings.h"

namespace pano::api {
namespace {

using json::Value;

Value Message() {
  Value schema =
      ObjectSchema({{"role", "s"}, {"name?", "?s"}, {"tool_calls?", "?[o"}, {"tool_call_id?", "?s"},
                    {"reasoning_content?", "?s"}});
  Value part = ObjectSchema({{"type", "s"}, {"text", "s"}});
  Value parts;
  parts.Set("type", "array");
  parts.Set("items", std::move(part));
  Value content;
  content.Set("anyOf", Value(json::Array{ShortSchema("s"), std::move(parts), ShortSchema("?s")}));
  Value properties = *schema.Find("properties");
  properties.Set("content", std::move(content));
  schema.Set("properties", std::move(properties));
  return schema;
}

}  // namespace

json::Value ShortSchema(std::string_view text) {
  PANO_CHECK(!text.empty());
  Value schema;
  switch (text[0]) {
    case 's':
      schema.Set("type", "string");
      break;
    case 'i':
      schema.Set("type", "integer");
      break;
    case 'n':
      schema.Set("type", "number");
      break;
    case 'b':
      schema.Set("type", "boolean");
      break;
    case 'o':
      schema.Set("type", "object");
      break;
    case '[':
      schema.Set("type", "array");
      schema.Set("items", ShortSchema(text.substr(1)));
      break;
    case '?': {
      Value null;
      null.Set("type", "null");
      schema.Set("anyOf", Value(json::Array{ShortSchema(text.substr(1)), std::move(null)}));
      break;
    }
    case '#':
      schema.Set("$ref", StrCat("#/components/schemas/", text.substr(1)));
      break;
    default:
      PANO_CHECK(false);
  }
  return schema;
}

json::Value EventSchema(std::string_view schema, std::string_view help) {
  Value text;
  text.Set("type", "string");
  text.Set("description", help);
  text.Set("contentMediaType", "application/json");
  text.Set("contentSchema", ShortSchema(StrCat("#", schema)));
  return text;
}

json::Value ObjectSchema(const SchemaMembers& members) {
  Value properties{json::Object()};
  Value required;
  for (auto [name, type] : members) {
    bool optional = name.ends_with('?');
    if (optional) name.remove_suffix(1);
    properties.Set(name, ShortSchema(type));
    if (!optional) required.Append(name);
  }
  Value schema;
  schema.Set("type", "object");
  schema.Set("properties", std::move(properties));
  if (!required.is_null()) schema.Set("required", std::move(required));
  return schema;
}

json::Value AnyOfSchema(std::initializer_list<std::string_view> types) {
  Value choices{json::Array()};
  for (std::string_view type : types) choices.Append(ShortSchema(type));
  Value schema;
  schema.Set("anyOf", std::move(choices));
  return schema;
}

std::vector<NamedSchema> CommonSchemas() {
  return {
      {"Message", Message()},
      {"Usage", ObjectSchema({{"prompt_tokens", "i"},
                              {"completion_tokens", "i"},
                              {"total_tokens", "i"},
                              {"prompt_tokens_details?", "o"},
                              {"completion_tokens_details?", "o"}})},
      {"ResponseFormat", SchemaOf(ResponseFormatBody())},
      {"StructuredOutputs", SchemaOf(StructuredOutputsBody())},
      {"InputUsage", ObjectSchema({{"prompt_tokens", "i"}, {"total_tokens", "i"}})},
      {"ErrorDetail", ObjectSchema({{"message", "s"},
                                    {"type", "s"},
                                    {"param", "?s"},
                                    {"code", "?s"},
                                    {"request_id", "s"}})},
      {"Error", ObjectSchema({{"error", "#ErrorDetail"}})},
  };
}

}  // namespace pano::api
