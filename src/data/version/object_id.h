#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::data {

// An MD5 digest (RFC 1321). DVC names contents by it; it is no protection against somebody who makes two
// contents with one digest. A value.
struct Md5 {
  std::array<uint8_t, 16> bytes{};

  // InvalidArgument unless `hex` is 32 lower-case hexadecimal digits.
  static Result<Md5> Parse(std::string_view hex);
  std::string Hex() const;
  auto operator<=>(const Md5&) const = default;
};

// How a content becomes its digest.
enum class HashName : uint8_t {
  kMd5,          // DVC 3: the bytes as they are; objects in files/md5/
  kMd5Dos2Unix,  // DVC 2: of a text, CR LF counts as LF; objects beside files/
};
std::string_view NameOf(HashName hash);   // "md5", "md5-dos2unix"

// The name of an object in a cache or remote: a file's content, or the manifest of a folder ("<md5>.dir").
// A value.
struct ObjectId {
  Md5 md5;
  bool folder = false;
  HashName hash = HashName::kMd5;

  // "<32 hex>" or "<32 hex>.dir"; InvalidArgument for anything else.
  static Result<ObjectId> Parse(std::string_view text, HashName hash = HashName::kMd5);
  std::string ToString() const;
  // Below a cache or remote: "files/md5/xx/yyy", of DVC 2 "xx/yyy".
  std::string RelativePath() const;
  auto operator<=>(const ObjectId&) const = default;
};

}  // namespace pano::data
