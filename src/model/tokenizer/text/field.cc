#include "model/tokenizer/text/field.h"

#include "base/strings.h"

namespace pano::tokenizer {
namespace {

const json::Value& NullValue() {
  static const json::Value null;
  return null;
}

}  // namespace

bool Field::Has(std::string_view key) const {
  const json::Value* member = value_->Find(key);
  return member != nullptr && !member->is_null();
}

Field Field::At(std::string_view key) const {
  const json::Value* member = value_->Find(key);
  return Field(member ? *member : NullValue(), path_.empty() ? StrCat(key) : StrCat(path_, ".", key));
}

Result<std::string> Field::String() const {
  if (!value_->is_string()) return Expected("string");
  return value_->as_string();
}

Result<bool> Field::Bool() const {
  if (!value_->is_bool()) return Expected("bool");
  return value_->as_bool();
}

Result<int64_t> Field::Int(int64_t min, int64_t max) const {
  if (!value_->is_int()) return Expected("integer");
  const int64_t number = value_->as_int();
  if (number < min || number > max) {
    return Wrong(StrCat(number, " is not in ", min, "..", max));
  }
  return number;
}

Result<std::vector<Field>> Field::Elements() const {
  if (!value_->is_array()) return Expected("array");
  std::vector<Field> elements;
  elements.reserve(value_->as_array().size());
  for (const json::Value& element : value_->as_array()) {
    elements.emplace_back(element, StrCat(path_, "[", elements.size(), "]"));
  }
  return elements;
}

Status Field::IsObject() const { return value_->is_object() ? OkStatus() : Expected("object"); }

Result<bool> Field::BoolOr(std::string_view key, bool fallback) const {
  return Has(key) ? At(key).Bool() : Result<bool>(fallback);
}

Result<std::string> Field::StringOr(std::string_view key, std::string fallback) const {
  return Has(key) ? At(key).String() : Result<std::string>(std::move(fallback));
}

Status Field::Wrong(std::string_view what) const { return Corruption(StrCat(path_, ": ", what)); }

Status Field::Unsupported(std::string_view what) const {
  return Unimplemented(StrCat(path_, ": ", what, " is not supported"));
}

Status Field::Expected(std::string_view kind) const {
  return Wrong(StrCat("expected ", kind, ", found ", value_->is_null() ? "nothing" : value_->kind()));
}

}  // namespace pano::tokenizer
