#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pano::pipeline {

struct YamlLimits {
  size_t bytes_max = 16u << 20;
  size_t nodes_max = 1u << 20;  // values, those that aliases repeat counted each time
  int depth_max = 64;
};

// A YAML document as a tree of values, and where its parts stand. A value.
struct YamlDocument {
  json::Value root;
  // "stages.train.cmd" -> line, from 1; the first 20,000 mapping keys.
  std::map<std::string, int, std::less<>> lines;

  // "file:7: " for the place or the nearest one above it, "file: " where nothing is known.
  std::string Where(std::string_view file, std::string_view place) const;
};

// One YAML 1.2 document. Scalars are what DVC's parser takes them for (ruamel.yaml): true and false
// but not yes, 0o17 is 15 and 017 is 17, 1_000 is 1000, 1e3 is a float; dates stay texts. Aliases
// are their anchor's value, "<<" merges. Keys are texts, each at most once. An empty text is null.
// InvalidArgument with "line N" for all else, and beyond the limits: before memory is spent.
Result<YamlDocument> ParseYaml(std::string_view text, const YamlLimits& limits = {});

// A plain scalar (without quotes and tag) as its value.
json::Value ResolvePlainScalar(std::string_view text);

}  // namespace pano::pipeline
