#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace YAML {
class Node;
}

namespace pano::train {

// One value of a recipe where it stands; failures are "FILE:LINE: key: why". Borrows all. Confined
// to one call.
class RecipeValue {
 public:
  RecipeValue(const YAML::Node& node, std::string_view path, std::string_view file)
      : node_(node), path_(path), file_(file) {}

  const YAML::Node& node() const { return node_; }
  std::string_view path() const { return path_; }
  std::string_view file() const { return file_; }
  int line() const;

  Status Wrong(std::string_view why) const;
  Result<int64_t> Whole(int64_t least, int64_t most) const;
  Result<double> Real(double least, double most) const;
  Result<bool> Bool() const;
  Result<std::string> Text() const;
  // A list of texts, or one text for a list of one.
  Result<std::vector<std::string>> Texts(size_t count_max, size_t count_min = 1) const;
  // Which of `names` it is.
  Result<size_t> Choice(std::span<const std::string_view> names) const;
  // Any value as JSON: plain scalars are null, bools and numbers where they read so.
  Result<json::Value> Json() const;

 private:
  const YAML::Node& node_;
  std::string_view path_, file_;
};

}  // namespace pano::train
