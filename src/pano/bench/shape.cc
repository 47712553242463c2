#include "pano/bench/shape.h"

#include <utility>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/format/weights.h"

namespace pano::bench {
namespace {

constexpr size_t kConfigBytesMax = 1 << 20;

Result<format::ModelFiles> Describe(std::string path, std::string_view text) {
  PANO_ASSIGN_OR_RETURN(json::Value config, json::Parse(text, {.allow_nan = true}).Wrap(path));
  if (!config.is_object()) return Corruption(StrCat(path, ": is no JSON object"));
  format::ModelFiles files;
  files.kind = format::ModelFiles::Kind::kHuggingFace;
  files.path = std::move(path);
  files.config = std::move(config);
  return files;
}

}  // namespace

std::string ShapeNames() {
  std::string names;
  for (const BuiltInShape& shape : BuiltInShapes()) {
    names += StrCat(names.empty() ? "" : ", ", shape.name);
  }
  return names;
}

Result<format::ModelFiles> ReadShape(const std::string& name_or_path) {
  for (const BuiltInShape& shape : BuiltInShapes()) {
    if (shape.name == name_or_path) return Describe(name_or_path, shape.config);
  }
  const std::string path =
      IsDirectory(name_or_path) ? JoinPath(name_or_path, "config.json") : name_or_path;
  if (!FileExists(path)) {
    return NotFound(StrCat("'", Printable(name_or_path), "' is neither a shape (", ShapeNames(),
                           ") nor the path of a config.json"));
  }
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kConfigBytesMax));
  return Describe(path, text);
}

}  // namespace pano::bench
