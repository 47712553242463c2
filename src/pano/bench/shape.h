#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/format/fwd.h"

namespace pano::bench {

// A config.json of a published model, compiled in from bench/shapes.
struct BuiltInShape {
  std::string_view name;
  std::string_view config;
};
std::span<const BuiltInShape> BuiltInShapes();  // by name
std::string ShapeNames();                       // "llama-110m, qwen2.5-0.5b"

// A model's description without weights: a built-in shape by its name, else the config.json at a
// path or in the folder there. NotFound names the built-in ones, Corruption a file that is no JSON
// object. What the fields say is not looked at.
Result<format::ModelFiles> ReadShape(const std::string& name_or_path);

}  // namespace pano::bench
