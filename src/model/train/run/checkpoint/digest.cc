#include "model/train/run/checkpoint/digest.h"

#include <openssl/evp.h>

#include <array>
#include <vector>

#include "base/check.h"

namespace pano::train {

struct Sha256Stream::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(md); }
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) {
  PANO_CHECK(context_->md && EVP_DigestInit_ex(context_->md, EVP_sha256(), nullptr) == 1);
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Add(std::span<const std::byte> bytes) {
  PANO_CHECK(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) == 1);
}

std::string Sha256Stream::Hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  PANO_CHECK(EVP_DigestFinal_ex(context_->md, digest.data(), &length) == 1);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    hex.push_back(kDigits[digest[i] >> 4]);
    hex.push_back(kDigits[digest[i] & 15]);
  }
  return hex;
}

Result<std::string> Sha256OfFile(Env& env, const std::string& path, uint64_t* bytes) {
  constexpr size_t kPiece = 1 << 20;
  *bytes = 0;
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<File> file, env.Open(path, Env::OpenMode::kRead));
  std::vector<std::byte> buffer(kPiece);
  Sha256Stream digest;
  while (true) {
    PANO_ASSIGN_OR_RETURN(const size_t count, file->ReadSome(buffer));
    if (count == 0) return digest.Hex();
    *bytes += count;
    digest.Add(std::span(buffer).first(count));
  }
}

}  // namespace pano::train
