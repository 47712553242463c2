#include "app/auth/issuer/password_hash.h"

#include <openssl/evp.h>

#include <array>
#include <optional>
#include <vector>

#include "app/auth/issuer/secret.h"
#include "app/auth/jose/base64url.h"
#include "base/strings.h"

namespace pano::issuer {
namespace {

constexpr size_t kHashBytes = 32;
constexpr size_t kSaltBytes = 16;
constexpr uint64_t kMemoryMax = 130ull << 20;

std::optional<std::string> Scrypt(std::string_view password, std::string_view salt, ScryptCost cost) {
  std::string out(kHashBytes, '\0');
  const int done = EVP_PBE_scrypt(password.data(), password.size(),
                                  reinterpret_cast<const unsigned char*>(salt.data()), salt.size(),
                                  uint64_t{1} << cost.log2_n, cost.r, cost.p, kMemoryMax,
                                  reinterpret_cast<unsigned char*>(out.data()), out.size());
  if (done != 1) return std::nullopt;
  return out;
}

std::optional<uint32_t> Number(std::string_view text, int64_t max) {
  const std::optional<int64_t> value = ParseInt(text);
  if (!value || *value < 1 || *value > max) return std::nullopt;
  return static_cast<uint32_t>(*value);
}

}  // namespace

Result<std::string> HashPassword(std::string_view password, ScryptCost cost) {
  if (password.empty() || password.size() > kPasswordBytesMax) {
    return InvalidArgument(StrCat("[auth] a password has 1 to ", kPasswordBytesMax, " bytes"));
  }
  PANO_ASSIGN_OR_RETURN(const std::string salt, RandomSecret(kSaltBytes));
  const std::optional<std::string> hash = Scrypt(password, salt, cost);
  if (!hash) return Status(StatusCode::kExhausted, "[auth] no memory to hash a password");
  return StrCat("scrypt$", cost.log2_n, "$", cost.r, "$", cost.p, "$", salt, "$",
                jose::EncodeBase64Url(*hash));
}

bool CheckPassword(std::string_view password, std::string_view hash) {
  if (password.empty() || password.size() > kPasswordBytesMax) return false;
  const std::vector<std::string_view> parts = Split(hash, '$');
  if (parts.size() != 6 || parts[0] != "scrypt") return false;
  const auto log2_n = Number(parts[1], 20), r = Number(parts[2], 32), p = Number(parts[3], 4);
  const std::optional<std::string> stored = jose::DecodeBase64Url(parts[5]);
  if (!log2_n || !r || !p || !stored || stored->size() != kHashBytes) return false;
  const std::optional<std::string> own = Scrypt(password, parts[4], {*log2_n, *r, *p});
  return own && EqualSecrets(*own, *stored);
}

void SpendPasswordCheck(std::string_view password) {
  if (password.empty() || password.size() > kPasswordBytesMax) return;  // as CheckPassword
  (void)Scrypt(password, "no such name here....", ScryptCost{});
}

}  // namespace pano::issuer
