#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest/digest.h"

namespace pano::hub {

// What the etag of a file is a hash of, by its form.
enum class EtagKind {
  kSha256,   // 64 hexadecimal digits: SHA-256 of the content (files in LFS)
  kGitSha1,  // 40: git's object name, SHA-1 of "blob <size>\0" and the content
  kUnknown,
};
EtagKind KindOfEtag(std::string_view etag);

// The etag of a response's header, without quotes and the mark of a weak one.
std::string NormalizeEtag(std::string_view header);

// Ready to take the content, of `size` bytes as a whole; its hexadecimal digits are the etag.
// REQUIRES: kind is known.
Digest EtagDigest(EtagKind kind, uint64_t size);

}  // namespace pano::hub
