#include "app/repository/manifest.h"

#include "base/json.h"
#include "base/strings.h"

namespace pano::repository {
namespace {

bool IsFileName(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

}  // namespace

Result<Manifest> ParseManifest(std::string_view text) {
  if (text.size() > kManifestBytesMax) return InvalidArgument("it is too long");
  json::ParseOptions options;
  options.depth_max = 8;
  PANO_ASSIGN_OR_RETURN(const json::Value root, json::Parse(text, options));
  const json::Value* files = root.is_object() ? root.Find("files") : nullptr;
  if (!files || !files->is_object()) return InvalidArgument("'files' is no object of names and sizes");
  if (files->as_object().empty() || files->as_object().size() > kManifestFilesMax) {
    return InvalidArgument(StrCat("'files' names ", files->as_object().size(), " files, of 1 to ",
                                  kManifestFilesMax));
  }
  Manifest manifest;
  for (const auto& [name, size] : files->as_object()) {
    if (!IsFileName(name)) {
      return InvalidArgument(StrCat("files: '", Printable(name), "' is no file's name"));
    }
    if (!size.is_int() || size.as_int() < 0) {
      return InvalidArgument(StrCat("files: the size of '", Printable(name), "' is no number of bytes"));
    }
    if (!manifest.emplace(name, static_cast<uint64_t>(size.as_int())).second) {
      return InvalidArgument(StrCat("files: '", Printable(name), "' stands twice"));
    }
  }
  return manifest;
}

}  // namespace pano::repository
