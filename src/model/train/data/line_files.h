#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"

namespace pano::train {

// The lines of text files that are not blank, by number, one file after another. The files are
// mapped, not read; what stays in memory is where each line begins. Immutable, so thread-safe.
class LineFiles {
 public:
  // InvalidArgument for a file without lines, or with more than 2^32.
  static Result<LineFiles> Open(const std::vector<std::string>& paths);

  int64_t size() const { return static_cast<int64_t>(lines_.size()); }
  // Without its line end. REQUIRES: 0 <= index < size().
  std::string_view Line(int64_t index) const;
  std::string Place(int64_t index) const;   // "data.jsonl:12"
  // Of the files' sizes and bytes: "sha256:..." .
  const std::string& version() const { return version_; }
  // Gives back the memory of what lies before the line.
  void ForgetBefore(int64_t index) const;

 private:
  struct LineStart {
    uint64_t offset = 0;
    uint32_t number = 0;   // from 1
    uint32_t file = 0;
  };
  std::vector<std::shared_ptr<const MappedFile>> files_;
  std::vector<LineStart> lines_;
  std::string version_;
};

}  // namespace pano::train
