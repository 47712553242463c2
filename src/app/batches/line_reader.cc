#include "app/batches/line_reader.h"

#include <span>
#include <utility>

#include "base/strings.h"

namespace pano::batches {
namespace {

constexpr size_t kPieceBytes = 64 << 10;

}  // namespace

Result<LineReader> LineReader::Open(const std::string& path, size_t line_bytes_max, Env& env) {
  Result<std::unique_ptr<File>> file = env.Open(path, Env::OpenMode::kRead);
  if (!file.ok()) return file.error().Wrap(path);
  return LineReader(std::move(file).value(), line_bytes_max);
}

Result<std::optional<std::string>> LineReader::Next() {
  ++line_;
  size_t searched = at_;
  while (true) {
    const size_t end = buffer_.find('\n', searched);
    if (end == std::string::npos && !ended_) {
      buffer_.erase(0, at_);
      at_ = 0;
      searched = buffer_.size();
      if (searched > line_bytes_max_) {
        return InvalidArgument(StrCat("a line has more than ", line_bytes_max_, " bytes")).WithReason("line_too_long");
      }
      buffer_.resize(searched + kPieceBytes);
      Result<size_t> read = file_->ReadSome(std::as_writable_bytes(std::span(buffer_).subspan(searched)));
      buffer_.resize(searched + (read.ok() ? *read : 0));
      if (!read.ok()) return read.error();
      ended_ = *read == 0;
      continue;
    }
    const size_t stop = end == std::string::npos ? buffer_.size() : end;
    std::string_view line = std::string_view(buffer_).substr(at_, stop - at_);
    if (line.size() > line_bytes_max_) {
      return InvalidArgument(StrCat("a line has more than ", line_bytes_max_, " bytes")).WithReason("line_too_long");
    }
    at_ = end == std::string::npos ? buffer_.size() : end + 1;
    searched = at_;
    line = Trim(line);
    if (!line.empty()) return std::optional<std::string>(line);
    if (end == std::string::npos) return std::optional<std::string>();
    ++line_;
  }
}

}  // namespace pano::batches
