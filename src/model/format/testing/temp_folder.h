#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "base/check.h"
#include "base/env.h"

namespace pano::format {

// An empty folder for the files of a test, removed with all that is in it. Thread-compatible.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pano-format-XXXXXX").string();
    PANO_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(std::string_view name) const { return JoinPath(path_, name); }
  // Writes a file and gives its path.
  std::string Write(std::string_view name, std::string_view text) const {
    std::string path = Path(name);
    PANO_CHECK(WriteFile(path, text).ok());
    return path;
  }

 private:
  std::string path_;
};

}  // namespace pano::format
