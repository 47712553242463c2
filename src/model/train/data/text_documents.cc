#include "model/train/data/text_documents.h"

#include <algorithm>

#include "base/digest/digest.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "model/train/data/line_files.h"

namespace pano::train {
namespace {

constexpr std::string_view kEndOfDocument = "<|endoftext|>";

using Take = std::function<Status(std::string_view, const std::string&)>;

Status TakeLines(const LineFiles& lines, const Take& take) {
  for (int64_t i = 0; i < lines.size(); ++i) {
    const std::string place = lines.Place(i);
    PANO_ASSIGN_OR_RETURN(const json::Value value, json::Parse(lines.Line(i)).Wrap(place));
    const json::Value* text = value.is_string() ? &value : value.Find("text");
    if (text == nullptr || !text->is_string()) {
      return InvalidArgument(StrCat(place, ": has no \"text\" that is a string"));
    }
    if (!Trim(text->as_string()).empty()) PANO_RETURN_IF_ERROR(take(text->as_string(), place));
    if (i % 4096 == 0) lines.ForgetBefore(i);
  }
  return {};
}

// Divides a text at the lines that end a document.
Status TakeText(std::string_view text, const std::string& path, const Take& take) {
  size_t begin = 0;
  int64_t number = 1, first = 1;   // of this line, and of the document's first
  for (size_t line = 0; line <= text.size(); ++number) {
    const size_t newline = std::min(text.find('\n', line), text.size());
    const bool ends = Trim(text.substr(line, newline - line)) == kEndOfDocument;
    if (ends || newline == text.size()) {
      const std::string_view document = text.substr(begin, (ends ? line : text.size()) - begin);
      if (!Trim(document).empty()) {
        const std::string place = StrCat(path, ":", first);
        if (!Utf8Valid(document)) return Corruption(StrCat(place, ": the text from here on is not UTF-8"));
        PANO_RETURN_IF_ERROR(take(document, place));
      }
      begin = newline + 1;
      first = number + 1;
    }
    line = newline + 1;
  }
  return {};
}

}  // namespace

Result<std::string> ForEachDocument(const std::vector<std::string>& paths, const Take& take) {
  Digest hash(Digest::kSha256);
  for (const std::string& path : paths) {
    if (path.ends_with(".jsonl")) {
      PANO_ASSIGN_OR_RETURN(const LineFiles lines, LineFiles::Open({path}));
      hash.Update(lines.version());
      PANO_RETURN_IF_ERROR(TakeLines(lines, take));
      continue;
    }
    PANO_ASSIGN_OR_RETURN(const std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
    const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
    hash.Update(StrCat(text.size(), "\n"));
    hash.Update(text);
    PANO_RETURN_IF_ERROR(TakeText(text, path, take));
  }
  return StrCat("sha256:", hash.Hex());
}

}  // namespace pano::train
