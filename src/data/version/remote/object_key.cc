#include "data/version/remote/object_key.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace pano::remote {
namespace {

constexpr std::string_view kRoot = "files/md5/";
constexpr std::string_view kManifest = ".dir";
constexpr size_t kHashDigits = 32;

}  // namespace

bool IsObjectId(std::string_view oid) {
  const std::string_view hash = HashOf(oid);
  return hash.size() == kHashDigits && std::all_of(hash.begin(), hash.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool IsManifestId(std::string_view oid) { return oid.ends_with(kManifest) && IsObjectId(oid); }

std::string_view HashOf(std::string_view oid) {
  if (oid.ends_with(kManifest)) oid.remove_suffix(kManifest.size());
  return oid;
}

std::string ObjectKey(std::string_view oid, bool legacy) {
  PANO_CHECK(IsObjectId(oid));
  return StrCat(legacy ? std::string_view() : kRoot, oid.substr(0, 2), "/", oid.substr(2));
}

std::optional<std::string> ObjectIdOfKey(std::string_view key) {
  if (!key.starts_with(kRoot)) return std::nullopt;
  key.remove_prefix(kRoot.size());
  if (key.size() < 4 || key[2] != '/') return std::nullopt;
  std::string oid = StrCat(key.substr(0, 2), key.substr(3));
  if (!IsObjectId(oid)) return std::nullopt;
  return oid;
}

}  // namespace pano::remote
