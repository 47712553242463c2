#include "base/digest/digest.h"

#include <openssl/evp.h>

#include <array>

#include "base/check.h"

namespace pano {
namespace {

// Found once each: a look-up costs as much as the hash of a short text.
const EVP_MD* AlgorithmOf(Digest::Kind kind) {
  static const EVP_MD* const kMd5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  static const EVP_MD* const kSha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  switch (kind) {
    case Digest::Kind::kMd5:
      return kMd5;
    case Digest::Kind::kSha1:
      return kSha1;
    case Digest::Kind::kSha256:
      return kSha256;
  }
  return nullptr;
}

}  // namespace

struct Digest::Context {
  Context() = default;
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  EVP_MD_CTX* evp = EVP_MD_CTX_new();
};

Digest::Digest(Kind kind) : context_(std::make_unique<Context>()) {
  const EVP_MD* const algorithm = AlgorithmOf(kind);
  PANO_CHECK(algorithm != nullptr);  // this machine's OpenSSL is set up to refuse it
  PANO_CHECK(context_->evp != nullptr);
  PANO_CHECK(EVP_DigestInit_ex(context_->evp, algorithm, nullptr) == 1);
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::Update(std::span<const std::byte> bytes) {
  PANO_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

void Digest::Update(std::string_view bytes) { Update(std::as_bytes(std::span(bytes))); }

std::string Digest::Hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned int size = 0;
  PANO_CHECK(EVP_DigestFinal_ex(context_->evp, hash.data(), &size) == 1);
  return ToHex(std::as_bytes(std::span(hash)).first(size));
}

std::string HexDigest(Digest::Kind kind, std::string_view bytes) {
  Digest digest(kind);
  digest.Update(bytes);
  return digest.Hex();
}

std::string ToHex(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text.push_back(kDigits[std::to_integer<unsigned>(byte) >> 4]);
    text.push_back(kDigits[std::to_integer<unsigned>(byte) & 15]);
  }
  return text;
}

}  // namespace pano
