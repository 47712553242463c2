#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/json.h"
#include "model/tools/tool.h"

namespace pano::tools {

// The schema of the argument `name`; null when the tool does not name it.
const json::Value* ArgumentSchema(const Tool& tool, std::string_view name);

// The types that the schema takes, as JSON Schema names them; nothing: any, or more than is looked at.
// `root`: the schema that "$ref": "#/..." is looked up in.
std::optional<std::set<std::string>> ArgumentTypes(const json::Value& root, const json::Value& schema);

// Whether every value that the schema takes is text: then text stays as it is.
bool TakesTextOnly(const json::Value& root, const json::Value& schema);

// What a model wrote for an argument where a format has no quotes, as JSON text: by the schema, text
// stays text; everything else is JSON, or a Python literal (True, None, ['a']). What is neither is
// text. Where text would do beside other types, what reads as one of those is that. `schema` may be null:
// then what looks like JSON is JSON.
std::string ArgumentToJson(const json::Value& root, const json::Value* schema,
                           std::string_view text);

}  // namespace pano::tools
