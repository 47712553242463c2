#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace pano::pipeline {

// The mapping as a YAML document in block style, byte for byte as DVC's library (ruamel.yaml)
// writes dvc.lock: two spaces a level, lists as deep as their key, lines folded at 80 columns,
// quotes only where a plain text would be read as something else. REQUIRES: `root` is an object.
std::string DumpYaml(const json::Value& root);

// A number as Python prints a float: "0.25", "1e-05", "1e+16", "3.0".
std::string PythonFloat(double value);

}  // namespace pano::pipeline
