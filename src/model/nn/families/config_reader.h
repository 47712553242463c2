#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/fwd.h"
#include "base/status.h"

namespace pano::nn {

// Reads fields of a configuration and remembers which: what nobody asked for becomes a warning. The
// first failure stays in status() and later reads give defaults, so that a mapping reads as a list.
// Thread-compatible; borrows the object.
class ConfigReader {
 public:
  // `source` names the file in messages; `prefix` stands before every key ("llama." in GGUF).
  ConfigReader(const json::Value& object, std::string source, std::string prefix = "");

  // Required, within [min, max].
  int64_t Int(std::string_view key, int64_t min, int64_t max);
  int64_t IntOr(std::string_view key, int64_t min, int64_t max, int64_t fallback);
  // One number for all of `layers` layers, or a list with one for each; nothing where the key is
  // absent. Layers that differ are refused by name.
  std::optional<int64_t> IntOfLayers(std::string_view key, int64_t layers, int64_t min, int64_t max);
  // The same for what may differ: one number for each layer, or none where the key is absent.
  std::vector<int64_t> IntsOfLayers(std::string_view key, int64_t layers, int64_t min, int64_t max);
  double Double(std::string_view key, double min, double max);
  double DoubleOr(std::string_view key, double min, double max, double fallback);
  bool BoolOr(std::string_view key, bool fallback);
  std::string StringOr(std::string_view key, std::string_view fallback);
  // Whether the key is there, even as null: some originals take null for "none" and absence for a
  // value.
  bool Has(std::string_view key) const;
  // The raw value (null when absent), marked as read.
  json::Value Raw(std::string_view key);

  // A known option that is implemented for one value only: anything else is refused by name.
  void MustEqual(std::string_view key, const json::Value& value);
  // Known to change nothing here.
  void Ignore(std::initializer_list<std::string_view> keys);

  void Fail(Status status);
  const Status& status() const { return status_; }
  std::string Field(std::string_view key) const;  // "config.json: hidden_size"
  // One warning for each key under the prefix that was neither read nor ignored.
  std::vector<std::string> Unknown() const;

 private:
  const json::Value* Find(std::string_view key);
  int64_t CheckedInt(std::string_view key, const json::Value& value, int64_t min, int64_t max);
  double CheckedDouble(std::string_view key, const json::Value& value, double min, double max);

  const json::Value& object_;
  const std::string source_;
  const std::string prefix_;
  std::set<std::string, std::less<>> seen_;
  Status status_;
};

}  // namespace pano::nn
