#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/dialect.h"
#include "base/json.h"

namespace pano::api {

// A JSON Schema in a few letters: "s" string, "i" integer, "n" number, "b" boolean, "o" object,
// "[x" a list of x, "?x" x or null, "#Name" a reference to a named schema.
json::Value ShortSchema(std::string_view text);

// The text of a stream whose events' data are JSON of that schema; `help` says what else is in it.
json::Value EventSchema(std::string_view schema, std::string_view help);

// An object's members by name and ShortSchema. They are required unless the name ends in '?'.
using SchemaMembers = std::vector<std::pair<std::string_view, std::string_view>>;
json::Value ObjectSchema(const SchemaMembers& members);

// Any of these, each a ShortSchema.
json::Value AnyOfSchema(std::initializer_list<std::string_view> types);

// What the bodies of several dialects are made of: messages, usage, errors.
std::vector<NamedSchema> CommonSchemas();

}  // namespace pano::api
