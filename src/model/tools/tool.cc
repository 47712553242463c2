#include "model/tools/tool.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/strings.h"

namespace pano::tools {
namespace {

using json::Value;

Status BadTool(size_t index, std::string_view place, std::string_view what) {
  return InvalidArgument(StrCat("tools[", index, "]", place, " ", what))
      .WithField(StrCat("tools[", index, "]", place));
}

bool NameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

// A schema of arguments says "object", or leaves the type out.
Status CheckParameters(size_t index, const Value& parameters, const std::string& place,
                       const ToolLimits& limits) {
  if (!parameters.is_object()) return BadTool(index, place, "must be a JSON Schema, an object");
  const Value* type = parameters.Find("type");
  if (type && !(type->is_string() && type->as_string() == "object")) {
    return BadTool(index, place + ".type", "must be \"object\": arguments have names");
  }
  const Value* properties = parameters.Find("properties");
  if (properties && !properties->is_null() && !properties->is_object()) {
    return BadTool(index, place + ".properties", "must be an object");
  }
  const Value* required = parameters.Find("required");
  if (required && !required->is_null()) {
    const bool names =
        required->is_array() && std::all_of(required->as_array().begin(), required->as_array().end(),
                                            [](const Value& name) { return name.is_string(); });
    if (!names) return BadTool(index, place + ".required", "must be a list of names");
  }
  if (json::Dump(parameters).size() > limits.schema_bytes_max) {
    return BadTool(index, place,
                   StrCat("is longer than ", limits.schema_bytes_max >> 10, " KiB of JSON"));
  }
  return {};
}

Result<Tool> ReadTool(size_t index, const Value& entry, const ToolLimits& limits) {
  if (!entry.is_object()) return BadTool(index, "", "must be an object");
  const Value* function = entry.Find("function");
  const std::string at = function ? ".function" : "";
  if (const Value* type = entry.Find("type"); type && !type->is_null()) {
    if (!type->is_string() || type->as_string() != "function") {
      return BadTool(index, ".type", "must be \"function\": other kinds of tools are not here");
    }
    if (!function && !entry.Find("name")) {
      return BadTool(index, ".function", "is missing");
    }
  }
  const Value& body = function ? *function : entry;
  if (!body.is_object()) return BadTool(index, at, "must be an object");

  Tool tool;
  const Value* name = body.Find("name");
  if (!name || !name->is_string() || name->as_string().empty()) {
    return BadTool(index, at + ".name", "is missing or no text");
  }
  tool.name = name->as_string();
  if (tool.name.size() > limits.name_bytes_max ||
      !std::all_of(tool.name.begin(), tool.name.end(), NameCharacter)) {
    return BadTool(index, at + ".name",
                   StrCat("'", Printable(tool.name.substr(0, 80)), "' must have 1 to ",
                          limits.name_bytes_max, " letters, digits, '_', '-' or '.'"));
  }
  if (const Value* text = body.Find("description"); text && !text->is_null()) {
    if (!text->is_string()) return BadTool(index, at + ".description", "must be text");
    tool.description = text->as_string();
  }
  if (const Value* strict = body.Find("strict"); strict && !strict->is_null()) {
    if (!strict->is_bool()) return BadTool(index, at + ".strict", "must be true or false");
    tool.strict = strict->as_bool();
  }
  if (const Value* parameters = body.Find("parameters"); parameters && !parameters->is_null()) {
    PANO_RETURN_IF_ERROR(CheckParameters(index, *parameters, at + ".parameters", limits));
    tool.parameters = *parameters;
  }
  // Templates expect the definition below "function".
  if (function) tool.source = entry;
  return tool;
}

}  // namespace

const Tool* FindTool(const Tools& tools, std::string_view name) {
  for (const Tool& tool : tools) {
    if (tool.name == name) return &tool;
  }
  return nullptr;
}

Result<Tools> ReadTools(const json::Value& list, const ToolLimits& limits) {
  if (!list.is_array()) return InvalidArgument("tools must be a list").WithField("tools");
  if (list.as_array().size() > limits.tools_max) {
    return InvalidArgument(StrCat("tools has more than ", limits.tools_max, " functions"))
        .WithField("tools");
  }
  Tools out;
  std::set<std::string> names;
  for (const Value& entry : list.as_array()) {
    const size_t index = out.size();
    PANO_ASSIGN_OR_RETURN(Tool tool, ReadTool(index, entry, limits));
    if (!names.insert(tool.name).second) {
      return BadTool(index, entry.Find("function") ? ".function.name" : ".name",
                     StrCat("'", tool.name, "' is there twice"));
    }
    out.push_back(std::move(tool));
  }
  return out;
}

json::Value ToolsJson(const Tools& tools) {
  Value list{json::Array()};
  for (const Tool& tool : tools) {
    if (!tool.source.is_null()) {
      list.Append(tool.source);
      continue;
    }
    Value function;
    function.Set("name", tool.name);
    if (!tool.description.empty()) function.Set("description", tool.description);
    Value empty;
    empty.Set("type", "object");
    empty.Set("properties", Value(json::Object()));
    function.Set("parameters", tool.parameters.is_null() ? empty : tool.parameters);
    if (tool.strict) function.Set("strict", true);
    Value entry;
    entry.Set("type", "function");
    entry.Set("function", std::move(function));
    list.Append(std::move(entry));
  }
  return list;
}

}  // namespace pano::tools
