#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/env.h"
#include "base/result.h"

namespace pano::batches {

// The lines of a file, one after the other, without their ends (LF or CR LF). Blank ones are skipped. One
// longer than `line_bytes_max` is InvalidArgument with the reason "line_too_long". Confined to one thread.
class LineReader {
 public:
  static Result<LineReader> Open(const std::string& path, size_t line_bytes_max, Env& env = Env::Real());

  // Nothing at the end of the file.
  Result<std::optional<std::string>> Next();
  // Which line of the file came last, from 1, blank ones counted.
  int64_t line() const { return line_; }

 private:
  LineReader(std::unique_ptr<File> file, size_t line_bytes_max)
      : file_(std::move(file)), line_bytes_max_(line_bytes_max) {}

  std::unique_ptr<File> file_;
  size_t line_bytes_max_;
  std::string buffer_;
  size_t at_ = 0;  // in the buffer
  bool ended_ = false;
  int64_t line_ = 0;
};

}  // namespace pano::batches
