#include "app/api/schema.h"

#include <cmath>
#include <string>
#include <vector>

#include "app/api/failure.h"
#include "app/api/fields.h"
#include "base/closest_name.h"
#include "base/strings.h"

namespace pano::api {
namespace {

using json::Value;

constexpr double kWholeMax = 9007199254740992.0;  // 2^53: up to here doubles hold every integer

const Field* FindField(std::string_view name, const BodySchema& body) {
  for (const Field& field : body.fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::vector<std::string_view> NamesOf(const BodySchema& body) {
  std::vector<std::string_view> names;
  for (const Field& field : body.fields) names.push_back(field.name);
  return names;
}

// Where a field is missing: "; did you mean it by 'message'?" for one that nobody knows.
std::string MisspelledField(std::string_view missing, const Value& object, const BodySchema& body) {
  constexpr int kLookedAtMax = 32;  // a body may have any number of members
  const std::vector<std::string_view> names = NamesOf(body);
  int looked_at = 0;
  for (const auto& [name, value] : object.as_object()) {
    if (FindField(name, body)) continue;
    if (++looked_at > kLookedAtMax) break;
    if (ClosestName(name, names) != missing) continue;
    return StrCat("; did you mean it by '", Printable(name), "'?");
  }
  return {};
}

Status Wrong(const Field& field, std::string_view wanted, const Value& value) {
  std::string given(value.kind());
  if (value.is_number()) given = json::Dump(value);
  return BadField(field.name, StrCat("'", field.name, "' must be ", wanted, ", not ", given));
}

// Ranges in messages: whole numbers without an exponent.
std::string Number(double v) {
  if (v == std::floor(v) && std::abs(v) < kWholeMax) return StrCat(static_cast<int64_t>(v));
  return StrCat(v);
}

bool IsInteger(const Value& v) {
  if (v.is_int()) return true;
  return v.is_double() && std::abs(v.as_double()) < kWholeMax &&
         v.as_double() == std::floor(v.as_double());
}

Status CheckNumber(const Field& field, const Value& value, bool integer) {
  bool right = integer ? IsInteger(value) : value.is_number();
  double v = right ? value.as_double() : 0;
  if (right && v >= field.min && v <= field.max) return {};
  std::string_view noun = integer ? "an integer" : "a number";
  if (field.max >= kWholeMax) return Wrong(field, noun, value);
  return Wrong(field, StrCat(noun, " from ", Number(field.min), " to ", Number(field.max)), value);
}

Status CheckText(const Field& field, const Value& value) {
  if (!value.is_string()) return Wrong(field, "a string", value);
  auto bytes = static_cast<double>(value.as_string().size());
  if (bytes >= field.min && bytes <= field.max) return {};
  return BadField(field.name, StrCat("'", field.name, "' must be a string of ", Number(field.min),
                                     " to ", Number(field.max), " bytes, not ", Number(bytes)));
}

Status CheckSize(const Field& field, size_t size) {
  if (field.size_max == 0 || size <= static_cast<size_t>(field.size_max)) return {};
  return BadField(field.name, StrCat("'", field.name, "' has ", size, " items, at most ",
                                     field.size_max, " are allowed"));
}

Status CheckIntegers(const Field& field, const Value& value) {
  for (const Value& item : value.as_array()) {
    PANO_RETURN_IF_ERROR(CheckNumber(field, item, /*integer=*/true));
  }
  return {};
}

Status CheckTextOrTexts(const Field& field, const Value& value) {
  if (value.is_string()) return CheckText(field, value);
  if (!value.is_array()) return Wrong(field, "a string or a list of strings", value);
  PANO_RETURN_IF_ERROR(CheckSize(field, value.as_array().size()));
  for (const Value& item : value.as_array()) {
    PANO_RETURN_IF_ERROR(CheckText(field, item));
  }
  return {};
}

Status CheckPrompt(const Field& field, const Value& value) {
  constexpr std::string_view kWanted =
      "a string, a list of strings, token ids or lists of token ids";
  if (value.is_string()) return {};
  if (!value.is_array()) return Wrong(field, kWanted, value);
  const json::Array& items = value.as_array();
  if (!items.empty() && items[0].is_number()) return CheckIntegers(field, value);
  PANO_RETURN_IF_ERROR(CheckSize(field, items.size()));
  for (const Value& item : items) {
    if (item.kind() != items[0].kind() || !(item.is_string() || item.is_array())) {
      return Wrong(field, kWanted, item);
    }
    if (!item.is_array()) continue;
    PANO_RETURN_IF_ERROR(CheckIntegers(field, item));
  }
  return {};
}

Status CheckBias(const Field& field, const Value& value) {
  if (!value.is_object()) return Wrong(field, "an object of token id to number", value);
  PANO_RETURN_IF_ERROR(CheckSize(field, value.as_object().size()));
  for (const auto& [id, bias] : value.as_object()) {
    std::optional<int64_t> number = ParseInt(id);
    if (!number || *number < 0 || static_cast<double>(*number) > kTokenIdMax) {
      return BadField(field.name,
                      StrCat("'", field.name, "': '", Printable(id), "' is no token id"));
    }
    PANO_RETURN_IF_ERROR(CheckNumber(field, bias, /*integer=*/false));
  }
  return {};
}

Status CheckValue(const Field& field, const Value& value) {
  switch (field.type) {
    case FieldType::kBool:
      return value.is_bool() ? Status() : Wrong(field, "true or false", value);
    case FieldType::kInteger:
      return CheckNumber(field, value, /*integer=*/true);
    case FieldType::kNumber:
      return CheckNumber(field, value, /*integer=*/false);
    case FieldType::kString:
      return CheckText(field, value);
    case FieldType::kTextOrTexts:
      return CheckTextOrTexts(field, value);
    case FieldType::kIntegers:
      if (!value.is_array()) return Wrong(field, "a list of integers", value);
      PANO_RETURN_IF_ERROR(CheckSize(field, value.as_array().size()));
      return CheckIntegers(field, value);
    case FieldType::kPrompt:
      return CheckPrompt(field, value);
    case FieldType::kBias:
      return CheckBias(field, value);
    case FieldType::kObject:
      return value.is_object() ? Status() : Wrong(field, "an object", value);
    case FieldType::kMessages:
    case FieldType::kArray:
      if (!value.is_array()) return Wrong(field, "a list", value);
      return CheckSize(field, value.as_array().size());
    case FieldType::kAny:
      return {};
  }
  return {};
}

}  // namespace

std::vector<Field> JoinFields(std::initializer_list<std::span<const Field>> groups) {
  std::vector<Field> fields;
  for (std::span<const Field> group : groups) {
    fields.insert(fields.end(), group.begin(), group.end());
  }
  return fields;
}

Status ReadFields(const json::Value& object, const BodySchema& body, Parameters& parameters) {
  if (!object.is_object()) {
    return InvalidArgument(StrCat("a JSON object is needed, not ", object.kind()));
  }
  for (const auto& [name, value] : object.as_object()) {
    const Field* field = FindField(name, body);
    if (!field) {
      if (!body.closed) continue;
      return BadField(Printable(name), StrCat("unknown field '", Printable(name), "'",
                                              DidYouMean(name, NamesOf(body))));
    }
    if (value.is_null()) continue;
    PANO_RETURN_IF_ERROR(CheckValue(*field, value));
    if (field->store) field->store(parameters, value);
  }
  for (const Field& field : body.fields) {
    if (!field.required) continue;
    const Value* value = object.Find(field.name);
    if (!value || value->is_null()) {
      return BadField(field.name, StrCat("'", field.name, "' is missing",
                                         MisspelledField(field.name, object, body)));
    }
  }
  return {};
}

}  // namespace pano::api
