#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace pano {

// The hash of bytes that come in pieces. Thread-compatible.
class Digest {
 public:
  enum class Kind {
    kMd5,     // RFC 1321: names content in formats that say so; proves nothing about who wrote it
    kSha1,    // FIPS 180-4: git's object names; likewise no proof
    kSha256,  // FIPS 180-4
  };
  using enum Kind;

  explicit Digest(Kind kind);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void Update(std::span<const std::byte> bytes);
  void Update(std::string_view bytes);
  // Lower-case hexadecimal digits: 32, 40 or 64. Once, and nothing may follow.
  std::string Hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Of bytes that are there as a whole.
std::string HexDigest(Digest::Kind kind, std::string_view bytes);

// Two lower-case hexadecimal digits a byte.
std::string ToHex(std::span<const std::byte> bytes);

}  // namespace pano
