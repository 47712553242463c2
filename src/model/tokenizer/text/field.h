#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pano::tokenizer {

// One JSON value of a tokenizer file with its path ("model.vocab"), so that every error names its
// field. Borrows the value. Thread-compatible.
class Field {
 public:
  Field(const json::Value& value, std::string path) : value_(&value), path_(std::move(path)) {}

  const json::Value& value() const { return *value_; }
  const std::string& path() const { return path_; }

  // True when the member is there and not null.
  bool Has(std::string_view key) const;
  // The member, which is a null value when there is none.
  Field At(std::string_view key) const;

  // Corruption that names the field when it is of another kind.
  Result<std::string> String() const;
  Result<bool> Bool() const;
  Result<int64_t> Int(int64_t min, int64_t max) const;
  Result<std::vector<Field>> Elements() const;
  Status IsObject() const;

  // The member, or `fallback` where it is absent or null.
  Result<bool> BoolOr(std::string_view key, bool fallback) const;
  Result<std::string> StringOr(std::string_view key, std::string fallback) const;

  // Corruption "<path>: <what>".
  Status Wrong(std::string_view what) const;
  // Unimplemented "<path>: <what> is not supported".
  Status Unsupported(std::string_view what) const;

 private:
  Status Expected(std::string_view kind) const;
  const json::Value* value_;
  std::string path_;
};

}  // namespace pano::tokenizer
