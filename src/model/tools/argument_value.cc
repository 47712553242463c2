#include "model/tools/argument_value.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "base/strings.h"
#include "model/tools/literal.h"

namespace pano::tools {
namespace {

using json::Value;

// Schemas that are looked at for one answer: "$ref" may go in circles, and branch there.
constexpr int kLooksMax = 256;

// What "#/$defs/x" points to; null when it points nowhere here.
const Value* Resolve(const Value& root, std::string_view ref) {
  if (ref == "#") return &root;
  if (!ref.starts_with("#/")) return nullptr;
  const Value* at = &root;
  for (std::string_view step : Split(ref.substr(2), '/')) {
    std::string key;
    for (size_t i = 0; i < step.size(); ++i) {
      const bool escape = step[i] == '~' && i + 1 < step.size();
      key.push_back(escape ? (step[++i] == '1' ? '/' : '~') : step[i]);
    }
    at = at->Find(key);
    if (!at) return nullptr;
  }
  return at;
}

std::string_view KindOf(const Value& value) {
  if (value.is_double()) return "number";
  return value.is_bool() ? "boolean" : value.kind();
}

// The types that the schema takes; nothing: any.
std::optional<std::set<std::string>> TypesOf(const Value& root, const Value& schema, int& looks) {
  if (++looks > kLooksMax) return {};
  if (const Value* ref = schema.Find("$ref"); ref && ref->is_string()) {
    const Value* target = Resolve(root, ref->as_string());
    return target ? TypesOf(root, *target, looks) : std::nullopt;
  }
  if (const Value* type = schema.Find("type")) {
    if (type->is_string()) return std::set<std::string>{type->as_string()};
    if (!type->is_array()) return {};
    std::set<std::string> types;
    for (const Value& one : type->as_array()) {
      if (one.is_string()) types.insert(one.as_string());
    }
    return types;
  }
  if (const Value* values = schema.Find("enum"); values && values->is_array()) {
    std::set<std::string> types;
    for (const Value& one : values->as_array()) types.insert(std::string(KindOf(one)));
    return types;
  }
  if (const Value* value = schema.Find("const")) {
    return std::set<std::string>{std::string(KindOf(*value))};
  }
  for (const char* key : {"anyOf", "oneOf"}) {
    const Value* options = schema.Find(key);
    if (!options || !options->is_array()) continue;
    std::set<std::string> types;
    for (const Value& option : options->as_array()) {
      const auto some = TypesOf(root, option, looks);
      if (!some) return {};
      types.insert(some->begin(), some->end());
    }
    return types;
  }
  return {};
}

bool Allows(const std::set<std::string>& types, const Value& value) {
  const std::string kind(KindOf(value));
  return types.contains(kind) || (kind == "integer" && types.contains("number"));
}

std::string Quoted(std::string_view text) {
  std::string out;
  json::AppendQuoted(out, text);
  return out;
}

}  // namespace

const json::Value* ArgumentSchema(const Tool& tool, std::string_view name) {
  const Value* properties = tool.parameters.Find("properties");
  return properties ? properties->Find(name) : nullptr;
}

std::optional<std::set<std::string>> ArgumentTypes(const json::Value& root,
                                                   const json::Value& schema) {
  int looks = 0;
  return TypesOf(root, schema, looks);
}

bool TakesTextOnly(const json::Value& root, const json::Value& schema) {
  const auto types = ArgumentTypes(root, schema);
  return types && types->size() == 1 && types->contains("string");
}

std::string ArgumentToJson(const json::Value& root, const json::Value* schema,
                           std::string_view text) {
  const auto types = schema ? ArgumentTypes(root, *schema) : std::nullopt;
  if (types && types->size() == 1 && types->contains("string")) return Quoted(text);
  std::string json(Trim(text));
  Result<Value> value = json::Parse(json);
  if (!value.ok()) {
    std::optional<std::string> literal = LiteralToJson(LiteralForm::kPython, text);
    if (!literal) return Quoted(text);
    json = *std::move(literal);
    value = json::Parse(json);
    if (!value.ok()) return Quoted(text);
  }
  // Where text would do too, only a value of another type that is named is no text.
  const bool text_too = types && types->contains("string");
  if (text_too && (value->is_string() || !Allows(*types, *value))) return Quoted(text);
  return json;
}

}  // namespace pano::tools
