#include "pano/command_line/config_file.h"

#include <yaml-cpp/yaml.h>

#include "base/env.h"
#include "base/strings.h"

namespace pano::cli {
namespace {

Status Fill(const YAML::Node& root, ConfigFile& file) {
  if (root.IsNull()) return {};
  if (!root.IsMap()) return InvalidArgument(StrCat(file.path, ": is no mapping of settings"));
  for (const auto& entry : root) {
    const std::string key = entry.first.as<std::string>();
    const YAML::Node& node = entry.second;
    std::vector<std::string>& values = file.values[key];
    if (node.IsScalar()) {
      values.push_back(node.as<std::string>());
    } else if (node.IsSequence()) {
      for (const auto& item : node) {
        if (!item.IsScalar()) {
          return InvalidArgument(StrCat(file.path, ": ", Printable(key), ": a list item is no scalar"));
        }
        values.push_back(item.as<std::string>());
      }
    } else if (!node.IsNull()) {
      return InvalidArgument(StrCat(file.path, ": ", Printable(key), ": neither a scalar nor a list"));
    }
  }
  return {};
}

}  // namespace

Result<ConfigFile> ReadConfigFile(const std::string& path) {
  constexpr size_t kConfigBytesMax = 1 << 20;
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kConfigBytesMax));
  ConfigFile file;
  file.path = path;
  try {
    Status status = Fill(YAML::Load(text), file);
    if (!status.ok()) return status;
  } catch (const YAML::Exception& error) {
    return InvalidArgument(StrCat(path, ": ", error.what()));
  }
  return file;
}

}  // namespace pano::cli
