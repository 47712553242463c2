#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

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

// The running hash of a file's content, in whole or in pieces. Thread-compatible.
class Digest {
 public:
  // REQUIRES: kind is known. `size` is that of the whole content.
  Digest(EtagKind kind, uint64_t size);
  ~Digest();
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void Update(std::span<const std::byte> bytes);
  // Lower-case hexadecimal digits; once.
  std::string Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace pano::hub
