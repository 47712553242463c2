#include "model/nn/families/config_reader.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/json.h"
#include "base/strings.h"

namespace pano::nn {

ConfigReader::ConfigReader(const json::Value& object, std::string source, std::string prefix)
    : object_(object), source_(std::move(source)), prefix_(std::move(prefix)) {}

std::string ConfigReader::Field(std::string_view key) const {
  return StrCat(source_, ": ", prefix_, key);
}

void ConfigReader::Fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

const json::Value* ConfigReader::Find(std::string_view key) {
  std::string full = StrCat(prefix_, key);
  const json::Value* value = object_.Find(full);
  seen_.insert(std::move(full));
  return value && !value->is_null() ? value : nullptr;
}

bool ConfigReader::Has(std::string_view key) const {
  return object_.Find(StrCat(prefix_, key)) != nullptr;
}

json::Value ConfigReader::Raw(std::string_view key) {
  const json::Value* value = Find(key);
  return value ? *value : json::Value();
}

int64_t ConfigReader::CheckedInt(std::string_view key, const json::Value& value, int64_t min,
                                 int64_t max) {
  // Python's tools take 4096.0 for 4096 all the same.
  if (value.is_double() && std::trunc(value.as_double()) == value.as_double() &&
      std::abs(value.as_double()) < 9e15) {
    return CheckedInt(key, static_cast<int64_t>(value.as_double()), min, max);
  }
  if (!value.is_int()) {
    Fail(Corruption(StrCat(Field(key), " is ", value.kind(), ", not an integer")));
    return min;
  }
  if (value.as_int() < min || value.as_int() > max) {
    Fail(
        Corruption(StrCat(Field(key), " is ", value.as_int(), ", outside [", min, ", ", max, "]")));
    return min;
  }
  return value.as_int();
}

double ConfigReader::CheckedDouble(std::string_view key, const json::Value& value, double min,
                                   double max) {
  if (!value.is_number() || !(value.as_double() >= min && value.as_double() <= max)) {
    Fail(Corruption(StrCat(Field(key), " is not a number in [", min, ", ", max, "]")));
    return min;
  }
  return value.as_double();
}

int64_t ConfigReader::Int(std::string_view key, int64_t min, int64_t max) {
  if (const json::Value* value = Find(key)) return CheckedInt(key, *value, min, max);
  Fail(Corruption(StrCat(Field(key), " is missing")));
  return min;
}

int64_t ConfigReader::IntOr(std::string_view key, int64_t min, int64_t max, int64_t fallback) {
  const json::Value* value = Find(key);
  return value ? CheckedInt(key, *value, min, max) : fallback;
}

std::optional<int64_t> ConfigReader::IntOfLayers(std::string_view key, int64_t layers, int64_t min,
                                                 int64_t max) {
  const std::vector<int64_t> numbers = IntsOfLayers(key, layers, min, max);
  if (numbers.empty()) return std::nullopt;
  if (std::ranges::adjacent_find(numbers, std::ranges::not_equal_to()) != numbers.end()) {
    Fail(Unimplemented(
        StrCat(Field(key), ": layers with different numbers of these are not supported")));
  }
  return numbers.front();
}

std::vector<int64_t> ConfigReader::IntsOfLayers(std::string_view key, int64_t layers, int64_t min,
                                                int64_t max) {
  const json::Value* value = Find(key);
  if (!value) return {};
  const auto count = static_cast<size_t>(std::max<int64_t>(layers, 1));
  if (!value->is_array()) return std::vector(count, CheckedInt(key, *value, min, max));
  const json::Array& list = value->as_array();
  if (list.empty() || list.size() != static_cast<size_t>(layers)) {
    Fail(Corruption(StrCat(Field(key), " has ", list.size(), " numbers, the model has ", layers,
                           " layers")));
    return std::vector(count, min);
  }
  std::vector<int64_t> numbers;
  for (const json::Value& number : list) numbers.push_back(CheckedInt(key, number, min, max));
  return numbers;
}

double ConfigReader::Double(std::string_view key, double min, double max) {
  if (const json::Value* value = Find(key)) return CheckedDouble(key, *value, min, max);
  Fail(Corruption(StrCat(Field(key), " is missing")));
  return min;
}

double ConfigReader::DoubleOr(std::string_view key, double min, double max, double fallback) {
  const json::Value* value = Find(key);
  return value ? CheckedDouble(key, *value, min, max) : fallback;
}

bool ConfigReader::BoolOr(std::string_view key, bool fallback) {
  const json::Value* value = Find(key);
  if (!value) return fallback;
  if (!value->is_bool()) {
    Fail(Corruption(StrCat(Field(key), " is ", value->kind(), ", not true or false")));
    return fallback;
  }
  return value->as_bool();
}

std::string ConfigReader::StringOr(std::string_view key, std::string_view fallback) {
  const json::Value* value = Find(key);
  if (!value) return std::string(fallback);
  if (!value->is_string()) {
    Fail(Corruption(StrCat(Field(key), " is ", value->kind(), ", not a string")));
    return std::string(fallback);
  }
  return value->as_string();
}

void ConfigReader::MustEqual(std::string_view key, const json::Value& wanted) {
  const json::Value* value = Find(key);
  if (!value || *value == wanted) return;
  if (value->is_number() && wanted.is_number() && value->as_double() == wanted.as_double()) return;
  Fail(Unimplemented(StrCat(Field(key), " = ", Printable(json::Dump(*value)),
                            " is not supported, only ", json::Dump(wanted))));
}

void ConfigReader::Ignore(std::initializer_list<std::string_view> keys) {
  for (std::string_view key : keys) seen_.insert(StrCat(prefix_, key));
}

std::vector<std::string> ConfigReader::Unknown() const {
  std::vector<std::string> warnings;
  if (!object_.is_object()) return warnings;
  for (const auto& [key, value] : object_.as_object()) {
    if (key.starts_with(prefix_) && !seen_.contains(key)) {
      warnings.push_back(StrCat(source_, ": unknown key ", Printable(key)));
    }
  }
  return warnings;
}

}  // namespace pano::nn
