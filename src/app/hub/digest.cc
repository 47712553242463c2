#include "app/hub/digest.h"

#include <openssl/evp.h>

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

struct Digest::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

Digest::Digest(EtagKind kind, uint64_t size) : context_(std::make_unique<Context>()) {
  PANO_CHECK(kind != EtagKind::kUnknown);
  PANO_CHECK(context_->evp != nullptr);
  const EVP_MD* hash = kind == EtagKind::kSha256 ? EVP_sha256() : EVP_sha1();
  PANO_CHECK(EVP_DigestInit_ex(context_->evp, hash, nullptr) == 1);
  if (kind == EtagKind::kGitSha1) {
    std::string header = StrCat("blob ", size);
    header.push_back('\0');
    Update(std::as_bytes(std::span(header)));
  }
}

Digest::~Digest() = default;

void Digest::Update(std::span<const std::byte> bytes) {
  PANO_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

std::string Digest::Finish() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  PANO_CHECK(EVP_DigestFinal_ex(context_->evp, bytes, &size) == 1);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

}  // namespace pano::hub
