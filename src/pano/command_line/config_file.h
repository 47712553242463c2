#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace pano::cli {

// The settings of a YAML file: a mapping from option names to scalars or, for options that repeat,
// lists of scalars.
struct ConfigFile {
  std::string path;
  std::map<std::string, std::vector<std::string>, std::less<>> values;
};

// NotFound, or InvalidArgument that names the file and the line or key.
Result<ConfigFile> ReadConfigFile(const std::string& path);

}  // namespace pano::cli
