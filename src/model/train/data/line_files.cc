#include "model/train/data/line_files.h"

#include <algorithm>
#include <limits>

#include "base/digest/digest.h"
#include "base/strings.h"

namespace pano::train {
namespace {

std::string_view TextOf(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::string_view LineAt(std::string_view text, size_t offset) {
  std::string_view line = text.substr(offset, text.find('\n', offset) - offset);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

Result<LineFiles> LineFiles::Open(const std::vector<std::string>& paths) {
  constexpr size_t kPart = size_t{16} << 20;   // hashed, then given back
  LineFiles out;
  Digest hash(Digest::kSha256);
  for (const std::string& path : paths) {
    PANO_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
    const std::string_view text = TextOf(*file);
    hash.Update(StrCat(text.size(), "\n"));
    const auto number = static_cast<uint32_t>(out.files_.size());
    const size_t before = out.lines_.size();
    uint64_t line = 0;
    size_t hashed = 0;
    for (size_t offset = 0; offset < text.size();) {
      if (++line > std::numeric_limits<uint32_t>::max()) {
        return InvalidArgument(StrCat(path, ": has more than 2^32 lines"));
      }
      const size_t newline = std::min(text.find('\n', offset), text.size());
      if (!Trim(text.substr(offset, newline - offset)).empty()) {
        out.lines_.push_back({offset, static_cast<uint32_t>(line), number});
      }
      offset = newline + 1;
      if (offset - hashed >= kPart || offset >= text.size()) {
        const std::string_view part = text.substr(hashed, offset - hashed);
        hash.Update(part);
        file->Forget(std::as_bytes(std::span(part)));
        hashed = std::min(offset, text.size());
      }
    }
    if (out.lines_.size() == before) return InvalidArgument(StrCat(path, ": has no lines"));
    out.files_.push_back(std::move(file));
  }
  out.version_ = StrCat("sha256:", hash.Hex());
  return out;
}

std::string_view LineFiles::Line(int64_t index) const {
  const LineStart& line = lines_[static_cast<size_t>(index)];
  return LineAt(TextOf(*files_[line.file]), line.offset);
}

std::string LineFiles::Place(int64_t index) const {
  const LineStart& line = lines_[static_cast<size_t>(index)];
  return StrCat(files_[line.file]->path(), ":", line.number);
}

void LineFiles::ForgetBefore(int64_t index) const {
  if (index >= size()) return;
  const LineStart& line = lines_[static_cast<size_t>(index)];
  const MappedFile& file = *files_[line.file];
  file.Forget(file.bytes().first(line.offset));
}

}  // namespace pano::train
