#include "app/hub/etag.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace pano::hub {

EtagKind KindOfEtag(std::string_view etag) {
  const bool hexadecimal = std::all_of(etag.begin(), etag.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (hexadecimal && etag.size() == 64) return EtagKind::kSha256;
  if (hexadecimal && etag.size() == 40) return EtagKind::kGitSha1;
  return EtagKind::kUnknown;
}

std::string NormalizeEtag(std::string_view header) {
  header = Trim(header);
  if (header.starts_with("W/")) header.remove_prefix(2);
  if (header.size() >= 2 && header.front() == '"' && header.back() == '"') {
    header = header.substr(1, header.size() - 2);
  }
  return std::string(header);
}

Digest EtagDigest(EtagKind kind, uint64_t size) {
  PANO_CHECK(kind != EtagKind::kUnknown);
  Digest digest(kind == EtagKind::kSha256 ? Digest::kSha256 : Digest::kSha1);
  if (kind == EtagKind::kGitSha1) {
    std::string header = StrCat("blob ", size);
    header.push_back('\0');
    digest.Update(header);
  }
  return digest;
}

}  // namespace pano::hub
