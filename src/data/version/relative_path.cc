#include "data/version/relative_path.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::data {
namespace {

constexpr size_t kBytesMax = 4096;   // PATH_MAX
constexpr size_t kPartsMax = 256;    // work on a path grows with them

}  // namespace

Status CheckRelativePath(std::string_view path) {
  const auto wrong = [&](std::string_view why) {
    return InvalidArgument(StrCat("the path '", Printable(path), "' ", why));
  };
  if (path.empty()) return wrong("is empty");
  if (path.size() > kBytesMax) return wrong("is longer than 4096 bytes");
  if (path.front() == '/') return wrong("is absolute");
  if (path.find('\0') != path.npos) return wrong("has a NUL in it");
  if (!Utf8Valid(path)) return wrong("is not UTF-8");
  size_t parts = 0;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (++parts > kPartsMax) return wrong("has more than 256 parts");
    if (part.empty()) return wrong("has an empty part");
    if (part == "." || part == "..") return wrong(StrCat("has a part '", part, "', which could lead elsewhere"));
    if (part.size() > 255) return wrong("has a part longer than 255 bytes");
    begin = end + 1;
  }
  return {};
}

Result<std::string> Resolve(std::string_view folder, std::string_view path) {
  if (path.starts_with('/')) return InvalidArgument(StrCat("the path '", Printable(path), "' is absolute"));
  std::vector<std::string_view> parts;
  for (const std::string_view text : {folder, path}) {
    for (const std::string_view part : Split(text, '/')) {
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
      } else if (parts.empty()) {
        return InvalidArgument(StrCat("the path '", Printable(path), "' leads outside of the repository"));
      } else {
        parts.pop_back();
      }
    }
  }
  std::string out;
  for (const std::string_view part : parts) out += out.empty() ? std::string(part) : StrCat("/", part);
  if (!out.empty()) PANO_RETURN_IF_ERROR(CheckRelativePath(out));
  return out;
}

bool Within(std::string_view path, std::string_view folder) {
  return folder.empty() || (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/'));
}

std::string RelativeTo(std::string_view folder, std::string_view to) {
  size_t common = 0;   // bytes of folders that both have
  while (!folder.empty() && common < folder.size()) {
    const size_t end = std::min(folder.find('/', common), folder.size());
    if (!Within(to, folder.substr(0, end))) break;
    common = end + 1;
  }
  std::string out;
  for (size_t at = common; at < folder.size(); ++at) {
    if (at == common || folder[at - 1] == '/') out += "../";
  }
  const std::string_view rest = common >= to.size() ? std::string_view() : to.substr(common);
  out += rest;
  if (out.ends_with('/')) out.pop_back();
  return out.empty() ? "." : out;
}

}  // namespace pano::data
