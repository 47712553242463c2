#include "model/grammar/json_schema/testing/schema_validator.h"

#include <algorithm>
#include <cmath>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"

namespace pano::grammar::testing {
namespace {

using json::Value;

bool SameNumber(const Value& a, const Value& b) { return a.as_double() == b.as_double(); }

bool Equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return SameNumber(a, b);
  if (a.is_array() && b.is_array()) {
    return std::equal(a.as_array().begin(), a.as_array().end(), b.as_array().begin(),
                      b.as_array().end(), Equal);
  }
  if (!a.is_object() || !b.is_object()) return a == b;
  if (a.as_object().size() != b.as_object().size()) return false;
  return std::all_of(a.as_object().begin(), a.as_object().end(), [&](const auto& member) {
    const Value* other = b.Find(member.first);
    return other != nullptr && Equal(member.second, *other);
  });
}

bool IsInteger(const Value& v) {
  return v.is_int() || (v.is_double() && std::floor(v.as_double()) == v.as_double());
}

bool HasType(const Value& v, const std::string& type) {
  if (type == "null") return v.is_null();
  if (type == "boolean") return v.is_bool();
  if (type == "integer") return IsInteger(v);
  if (type == "number") return v.is_number();
  if (type == "string") return v.is_string();
  if (type == "array") return v.is_array();
  return v.is_object();
}

std::wstring Letters(std::string_view text) {
  static_assert(sizeof(wchar_t) == sizeof(char32_t));
  std::wstring out;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    PANO_CHECK(length > 0);
    out.push_back(static_cast<wchar_t>(Utf8Decode(text, length)));
    text.remove_prefix(length);
  }
  return out;
}

bool Found(const std::string& text, const std::string& pattern) {
  return std::regex_search(Letters(text), std::wregex(Letters(pattern), std::regex::ECMAScript));
}

const Value& Resolved(const std::string& reference, const Value& root) {
  if (reference == "#") return root;
  const std::string name = reference.substr(reference.rfind('/') + 1);
  const Value* defs = root.Find("$defs");
  PANO_CHECK(defs != nullptr && defs->Find(name) != nullptr);
  return *defs->Find(name);
}

// Confined to its test.
class Validator {
 public:
  explicit Validator(const Value& root) : root_(root) {}

  bool Check(const Value& v, const Value& schema) const {
    if (schema.is_bool()) return schema.as_bool();
    constexpr int kDepthMax = 200;
    if (depth_ > kDepthMax) looped_ = true;
    if (looped_) return false;
    ++depth_;
    const bool valid = CheckHere(v, schema);
    --depth_;
    return valid;
  }
  bool looped() const { return looped_; }

 private:
  bool CheckHere(const Value& v, const Value& schema) const {
    return CheckAny(v, schema) && (!v.is_number() || CheckNumber(v, schema)) &&
           (!v.is_string() || CheckString(v, schema)) && (!v.is_array() || CheckArray(v, schema)) &&
           (!v.is_object() || CheckObject(v, schema)) && CheckCombined(v, schema);
  }

  bool CheckAny(const Value& v, const Value& schema) const {
    if (const Value* type = schema.Find("type")) {
      const bool ok =
          type->is_string()
              ? HasType(v, type->as_string())
              : std::any_of(type->as_array().begin(), type->as_array().end(),
                            [&](const Value& name) { return HasType(v, name.as_string()); });
      if (!ok) return false;
    }
    if (const Value* values = schema.Find("enum")) {
      const bool ok = std::any_of(values->as_array().begin(), values->as_array().end(),
                                  [&](const Value& one) { return Equal(v, one); });
      if (!ok) return false;
    }
    const Value* constant = schema.Find("const");
    return constant == nullptr || Equal(v, *constant);
  }

  static bool CheckNumber(const Value& v, const Value& schema) {
    const double x = v.as_double();
    if (const Value* bound = schema.Find("minimum"); bound && x < bound->as_double()) return false;
    if (const Value* bound = schema.Find("maximum"); bound && x > bound->as_double()) return false;
    if (const Value* bound = schema.Find("exclusiveMinimum"); bound && x <= bound->as_double())
      return false;
    if (const Value* bound = schema.Find("exclusiveMaximum"); bound && x >= bound->as_double())
      return false;
    if (const Value* step = schema.Find("multipleOf")) {
      // Steps are decimals of few digits in tests: in millionths they are whole. What no double
      // holds exactly is not judged.
      const auto millionths = static_cast<int64_t>(std::llround(step->as_double() * 1e6));
      if (v.is_int()) return v.as_int() % millionths * 1'000'000 % millionths == 0;
      if (std::abs(x) > 1e9) return true;
      const auto scaled = static_cast<int64_t>(std::llround(x * 1e6));
      if (std::abs(static_cast<double>(scaled) - x * 1e6) > 1e-3) return false;
      if (scaled % millionths != 0) return false;
    }
    return true;
  }

  static bool CheckString(const Value& v, const Value& schema) {
    const auto letters = static_cast<int64_t>(Letters(v.as_string()).size());
    if (const Value* min = schema.Find("minLength"); min && letters < min->as_int()) return false;
    if (const Value* max = schema.Find("maxLength"); max && letters > max->as_int()) return false;
    const Value* pattern = schema.Find("pattern");
    return pattern == nullptr || Found(v.as_string(), pattern->as_string());
  }

  bool CheckArray(const Value& v, const Value& schema) const {
    const json::Array& elements = v.as_array();
    const auto size = static_cast<int64_t>(elements.size());
    if (const Value* min = schema.Find("minItems"); min && size < min->as_int()) return false;
    if (const Value* max = schema.Find("maxItems"); max && size > max->as_int()) return false;
    const Value* prefix = schema.Find("prefixItems");
    const size_t named = prefix ? prefix->as_array().size() : 0;
    const Value* items = schema.Find("items");
    int64_t matches = 0;
    for (size_t i = 0; i < elements.size(); ++i) {
      if (i < named && !Check(elements[i], prefix->as_array()[i])) return false;
      if (i >= named && items && !Check(elements[i], *items)) return false;
      if (const Value* what = schema.Find("contains"); what && Check(elements[i], *what)) ++matches;
      const bool unique = schema.Find("uniqueItems") && schema.Find("uniqueItems")->as_bool();
      for (size_t j = 0; j < i && unique; ++j) {
        if (Equal(elements[i], elements[j])) return false;
      }
    }
    if (schema.Find("contains")) {
      const Value* min = schema.Find("minContains");
      const Value* max = schema.Find("maxContains");
      if (matches < (min ? min->as_int() : 1) || (max && matches > max->as_int())) return false;
    }
    return true;
  }

  bool CheckObject(const Value& v, const Value& schema) const {
    json::Object members;
    for (const auto& [name, value] : v.as_object()) {
      if (v.Find(name) == &value) members.emplace_back(name, value);  // the last of a name counts
    }
    const auto size = static_cast<int64_t>(members.size());
    if (const Value* min = schema.Find("minProperties"); min && size < min->as_int()) return false;
    if (const Value* max = schema.Find("maxProperties"); max && size > max->as_int()) return false;
    if (const Value* required = schema.Find("required")) {
      for (const Value& name : required->as_array()) {
        if (!v.Find(name.as_string())) return false;
      }
    }
    const Value* patterns = schema.Find("patternProperties");
    const Value* properties = schema.Find("properties");
    for (const auto& [name, value] : members) {
      bool named = false;
      if (const Value* one = properties ? properties->Find(name) : nullptr) {
        named = true;
        if (!Check(value, *one)) return false;
      }
      for (size_t i = 0; patterns && i < patterns->as_object().size(); ++i) {
        const auto& [pattern, one] = patterns->as_object()[i];
        if (!Found(name, pattern)) continue;
        named = true;
        if (!Check(value, one)) return false;
      }
      const Value* additional = schema.Find("additionalProperties");
      if (!named && additional && !Check(value, *additional)) return false;
      if (const Value* names = schema.Find("propertyNames"); names && !Check(Value(name), *names))
        return false;
    }
    return CheckDependent(v, schema);
  }

  bool CheckDependent(const Value& v, const Value& schema) const {
    if (const Value* all = schema.Find("dependentRequired")) {
      for (const auto& [name, needed] : all->as_object()) {
        for (const Value& other : needed.as_array()) {
          if (v.Find(name) && !v.Find(other.as_string())) return false;
        }
      }
    }
    if (const Value* all = schema.Find("dependentSchemas")) {
      for (const auto& [name, more] : all->as_object()) {
        if (v.Find(name) && !Check(v, more)) return false;
      }
    }
    return true;
  }

  bool CheckCombined(const Value& v, const Value& schema) const {
    if (const Value* reference = schema.Find("$ref")) {
      if (!Check(v, Resolved(reference->as_string(), root_))) return false;
    }
    auto count = [&](const Value& list) {
      return std::count_if(list.as_array().begin(), list.as_array().end(),
                           [&](const Value& one) { return Check(v, one); });
    };
    if (const Value* all = schema.Find("allOf")) {
      if (count(*all) != static_cast<std::ptrdiff_t>(all->as_array().size())) return false;
    }
    if (const Value* any = schema.Find("anyOf"); any && count(*any) == 0) return false;
    if (const Value* one = schema.Find("oneOf"); one && count(*one) != 1) return false;
    if (const Value* no = schema.Find("not"); no && Check(v, *no)) return false;
    if (const Value* condition = schema.Find("if")) {
      const Value* next = schema.Find(Check(v, *condition) ? "then" : "else");
      if (next && !Check(v, *next)) return false;
    }
    return true;
  }

  const Value& root_;
  mutable int depth_ = 0;
  mutable bool looped_ = false;
};

}  // namespace

std::optional<bool> IsValid(const json::Value& instance, const json::Value& schema,
                            const json::Value& root) {
  const Validator validator(root);
  const bool valid = validator.Check(instance, schema);
  return validator.looped() ? std::nullopt : std::optional<bool>(valid);
}

}  // namespace pano::grammar::testing
