#include "tests/structured/schema_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <regex>
#include <string_view>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::structured {
namespace {

using json::Value;

constexpr std::array<std::string_view, 22> kKnown = {
    "$defs",     "$ref",      "type",     "enum",      "const",    "anyOf",         "properties",
    "required",  "items",     "minimum",  "maximum",   "minItems", "maxItems",      "prefixItems",
    "minLength", "maxLength", "pattern",  "format",    "additionalProperties",      "maxProperties",
    "exclusiveMinimum",       "exclusiveMaximum"};

bool IsType(const Value& value, std::string_view type) {
  if (type == "number") return value.is_number();
  if (type == "integer") {
    return value.is_int() || (value.is_double() && value.as_double() == std::floor(value.as_double()));
  }
  if (type == "boolean") return value.is_bool();
  return value.kind() == type;
}

// Members in any order.
bool Same(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a.as_double() == b.as_double();
  if (a.is_array() && b.is_array()) {
    return std::ranges::equal(a.as_array(), b.as_array(), Same);
  }
  if (!a.is_object() || !b.is_object()) return a == b;
  if (a.as_object().size() != b.as_object().size()) return false;
  return std::ranges::all_of(a.as_object(), [&b](const auto& member) {
    const Value* other = b.Find(member.first);
    return other && Same(member.second, *other);
  });
}

int64_t Length(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

bool HasFormat(const std::string& text, std::string_view format) {
  if (format == "date") return std::regex_match(text, std::regex("\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])"));
  if (format == "uuid") return std::regex_match(text, std::regex("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"));
  if (format == "ipv4") {
    return std::regex_match(text, std::regex("((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.|$)){4}")) && text.back() != '.';
  }
  return false;
}

class Checker {
 public:
  explicit Checker(const Value& root) : root_(root) {}

  std::string Check(const Value& value, const Value& schema) {
    if (schema.is_bool()) return schema.as_bool() ? "" : "nothing is allowed here";
    for (const auto& [keyword, rule] : schema.as_object()) {
      if (std::ranges::find(kKnown, keyword) == kKnown.end()) return StrCat("the checker does not know ", keyword);
      if (std::string why = CheckKeyword(value, schema, keyword, rule); !why.empty()) {
        return StrCat(keyword, ": ", why);
      }
    }
    return "";
  }

 private:
  std::string CheckKeyword(const Value& value, const Value& schema, std::string_view keyword, const Value& rule) {
    if (keyword == "$ref") return Check(value, *Resolve(rule.as_string()));
    if (keyword == "type") {
      if (rule.is_string()) return IsType(value, rule.as_string()) ? "" : StrCat("is ", value.kind());
      const bool any = std::ranges::any_of(rule.as_array(), [&](const Value& one) { return IsType(value, one.as_string()); });
      return any ? "" : StrCat("is ", value.kind());
    }
    if (keyword == "enum") {
      const bool any = std::ranges::any_of(rule.as_array(), [&](const Value& one) { return Same(value, one); });
      return any ? "" : "none of them";
    }
    if (keyword == "const") return Same(value, rule) ? "" : "is another";
    if (keyword == "anyOf") {
      const bool any = std::ranges::any_of(rule.as_array(), [&](const Value& one) { return Check(value, one).empty(); });
      return any ? "" : "none of them";
    }
    if (value.is_number()) return CheckNumber(value.as_double(), keyword, rule);
    if (value.is_string()) return CheckText(value.as_string(), keyword, rule);
    if (value.is_array()) return CheckArray(value.as_array(), schema, keyword, rule);
    if (value.is_object()) return CheckObject(value, schema, keyword, rule);
    return "";
  }

  static std::string CheckNumber(double v, std::string_view keyword, const Value& rule) {
    const bool right = (keyword != "minimum" || v >= rule.as_double()) && (keyword != "maximum" || v <= rule.as_double()) &&
                       (keyword != "exclusiveMinimum" || v > rule.as_double()) &&
                       (keyword != "exclusiveMaximum" || v < rule.as_double());
    return right ? "" : StrCat(v);
  }

  static std::string CheckText(const std::string& text, std::string_view keyword, const Value& rule) {
    if (!Utf8Valid(text)) return "no UTF-8";
    if (keyword == "minLength" && Length(text) < rule.as_int()) return "too short";
    if (keyword == "maxLength" && Length(text) > rule.as_int()) return "too long";
    if (keyword == "pattern" && !std::regex_search(text, std::regex(rule.as_string()))) return "does not match";
    if (keyword == "format" && !HasFormat(text, rule.as_string())) return "is another format";
    return "";
  }

  std::string CheckArray(const json::Array& items, const Value& schema, std::string_view keyword, const Value& rule) {
    const auto size = static_cast<int64_t>(items.size());
    if (keyword == "minItems" && size < rule.as_int()) return "too few";
    if (keyword == "maxItems" && size > rule.as_int()) return "too many";
    const Value* prefix = schema.Find("prefixItems");
    const size_t before = prefix ? prefix->as_array().size() : 0;
    for (size_t i = 0; i < items.size(); ++i) {
      std::string why;
      if (keyword == "prefixItems" && i < before) why = Check(items[i], rule.as_array()[i]);
      if (keyword == "items" && i >= before) why = Check(items[i], rule);
      if (!why.empty()) return StrCat(i, ": ", why);
    }
    return "";
  }

  std::string CheckObject(const Value& value, const Value& schema, std::string_view keyword, const Value& rule) {
    const json::Object& members = value.as_object();
    if (keyword == "maxProperties" && static_cast<int64_t>(members.size()) > rule.as_int()) return "too many";
    if (keyword == "required") {
      for (const Value& name : rule.as_array()) {
        if (!value.Find(name.as_string())) return StrCat("there is no ", name.as_string());
      }
    }
    const Value* properties = schema.Find("properties");
    for (const auto& [name, member] : members) {
      const Value* own = properties ? properties->Find(name) : nullptr;
      std::string why;
      if (keyword == "properties" && own) why = Check(member, *own);
      if (keyword == "additionalProperties" && !own) why = Check(member, rule);
      if (!why.empty()) return StrCat(name, ": ", why);
    }
    return "";
  }

  const Value* Resolve(std::string_view reference) const {
    const Value* at = &root_;
    for (std::string_view part : Split(reference.substr(std::min<size_t>(2, reference.size())), '/')) {
      if (!part.empty()) at = at->Find(part);
    }
    return at;
  }

  const Value& root_;
};

}  // namespace

std::string WhyInvalid(const json::Value& value, const json::Value& schema) {
  return Checker(schema).Check(value, schema);
}

}  // namespace pano::structured
