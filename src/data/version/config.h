#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/version/data_env.h"

namespace pano::data {

// DVC's settings: INI files as Python's configobj writes them ("[core]", "['remote \"x\"']", "key = value", "#"
// begins a comment), of which later ones win by section and key: the system's, the user's, the repository's
// .dvc/config, .dvc/config.local. Immutable once loaded, so thread-safe.
class Config {
 public:
  using Section = std::map<std::string, std::string, std::less<>>;

  // Takes the sections of a text over those that are there. InvalidArgument names `path` and the line.
  Status Merge(std::string_view text, const std::string& path);
  // The levels of the repository whose .dvc folder is `dvc_folder`.
  static Result<Config> Load(const std::string& dvc_folder, DataEnv& env);

  // "" when there is none. Section names as DVC writes them without quotes: "core", "remote \"x\"". Keys in
  // lower case.
  std::string Get(std::string_view section, std::string_view key) const;
  bool GetBool(std::string_view section, std::string_view key, bool fallback) const;
  const Section* Find(std::string_view section) const;
  // The folder of the file that set a value: relative paths are meant from there.
  std::string FolderOf(std::string_view section, std::string_view key) const;

  // Names of remotes, sorted; their section, NotFound names the remote.
  std::vector<std::string> Remotes() const;
  Result<Section> Remote(std::string_view name) const;

  static constexpr size_t kBytesMax = 1 << 20;

 private:
  std::map<std::string, Section, std::less<>> sections_;
  std::map<std::string, std::string, std::less<>> folders_;   // "section\0key": folder
};

}  // namespace pano::data
