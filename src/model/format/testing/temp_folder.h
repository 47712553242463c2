#pragma once

#include <cstdlib>
#include <filesystem>
#include <span>
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
  // Writes a file and gives its path. Without WriteFile's syncs: nobody reads it after a crash.
  std::string Write(std::string_view name, std::string_view text) const {
    std::string path = Path(name);
    auto file = Env::Real().Open(path, Env::OpenMode::kWrite);
    PANO_CHECK(file.ok());
    PANO_CHECK((*file)->WriteAll(std::as_bytes(std::span(text))).ok());
    return path;
  }

 private:
  std::string path_;
};

}  // namespace pano::format
