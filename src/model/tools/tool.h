#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pano::tools {

// A function that a model may call. A value.
struct Tool {
  std::string name;
  std::string description;
  json::Value parameters;  // the JSON Schema of its arguments, an object; null: it takes none
  bool strict = false;     // the caller asked for arguments that the schema accepts, always
  json::Value source;      // its definition as it was given, for templates; null: made from the rest
};

// The functions of one request; names are unique. Shared by the parsers of its choices.
using Tools = std::vector<Tool>;
using ToolsPtr = std::shared_ptr<const Tools>;

// The tool of that name; null when there is none.
const Tool* FindTool(const Tools& tools, std::string_view name);

// Which of the functions a message may or must call. A value.
struct ToolChoice {
  enum class Kind { kAuto, kNone, kRequired, kNamed };
  Kind kind = Kind::kAuto;
  std::string name = {};  // of kNamed
  bool parallel = true;  // more than one call in a message
};

struct ToolLimits {
  size_t tools_max = 256;
  size_t name_bytes_max = 64;           // as OpenAI has it
  size_t schema_bytes_max = 256 << 10;  // of one function's parameters, as text
};

// Functions as OpenAI's API writes them: [{"type": "function", "function": {"name", "description",
// "parameters", "strict"}}]. A bare {"name", ...} counts too. InvalidArgument, its field the place
// below "tools" ("[2].function.name"), for what is no definition: a name that is missing, doubled or
// has other characters than letters, digits, '_', '-' and '.'; parameters that are no object schema.
Result<Tools> ReadTools(const json::Value& list, const ToolLimits& limits = {});

// The same in OpenAI's shape, as chat templates take it.
json::Value ToolsJson(const Tools& tools);

}  // namespace pano::tools
