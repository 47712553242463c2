#include "app/auth/authenticator.h"

#include <algorithm>

#include "app/auth/renewal.h"
#include "base/strings.h"

namespace pano::auth {
namespace {

// Looks at every byte of `shown` whatever it finds; only its length, which the caller knows, shows
// in the time taken.
bool EqualInConstantTime(std::string_view shown, std::string_view key) {
  volatile unsigned difference = shown.size() == key.size() ? 0 : 1;
  for (size_t i = 0; i < shown.size(); ++i) {
    auto a = static_cast<unsigned char>(shown[i]);
    auto b = static_cast<unsigned char>(key[i % key.size()]);
    difference = difference | static_cast<unsigned>(a ^ b);
  }
  return difference == 0;
}

class ApiKeyAuthenticator final : public Authenticator, public Renewal {
 public:
  explicit ApiKeyAuthenticator(std::vector<std::string> keys) : keys_(std::move(keys)) {}

  bool required() const override { return !keys_.empty(); }

  std::optional<Result<Principal>> TryAuthenticate(const Credentials& credentials) override {
    return Check(credentials);
  }

  // Keys are known by their place: it is the same one as long as the list is.
  std::optional<Principal> Renew(const Principal& known) override {
    if (keys_.empty()) return known;  // everybody may do everything
    for (size_t i = 0; i < keys_.size(); ++i) {
      if (known.key_id == KeyName(i) && known.tenant == known.key_id) return OfKey(i);
    }
    return std::nullopt;
  }

 private:
  static std::string KeyName(size_t index) { return StrCat("key-", index + 1); }
  static Principal OfKey(size_t index) {
    Principal principal;
    principal.tenant = KeyName(index);
    principal.key_id = principal.tenant;
    return principal;
  }

  Result<Principal> Check(const Credentials& credentials) const {
    if (keys_.empty()) return Principal{};
    const std::string_view shown = ShownSecret(credentials);
    if (shown.empty()) return NoCredentials();
    size_t match = keys_.size();
    for (size_t i = 0; i < keys_.size(); ++i) {
      if (EqualInConstantTime(shown, keys_[i])) match = i;
    }
    if (match == keys_.size()) {
      return Status(StatusCode::kUnauthenticated, "the API key is not valid")
          .WithReason(std::string(kInvalidApiKey));
    }
    return OfKey(match);
  }

  const std::vector<std::string> keys_;
};

}  // namespace

std::string_view BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  if (ToLower(authorization.substr(0, kScheme.size())) != kScheme) return {};
  return Trim(authorization.substr(kScheme.size()));
}

std::string_view ShownSecret(const Credentials& credentials) {
  const std::string_view bearer = BearerToken(credentials.authorization);
  return bearer.empty() ? credentials.api_key : bearer;
}

bool LooksLikeJwt(std::string_view secret) {
  return std::count(secret.begin(), secret.end(), '.') >= 2;
}

Status NoCredentials() {
  return Status(StatusCode::kUnauthenticated,
                "no API key: send it as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'")
      .WithReason(std::string(kNoCredentials));
}

Result<std::unique_ptr<Authenticator>> MakeApiKeyAuthenticator(std::vector<std::string> keys) {
  for (const std::string& key : keys) {
    bool printable =
        std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (key.empty() || key.size() > 1024 || !printable) {
      return InvalidArgument(
          "[auth] an API key is 1 to 1024 printable ASCII characters, no spaces");
    }
  }
  return std::unique_ptr<Authenticator>(std::make_unique<ApiKeyAuthenticator>(std::move(keys)));
}

}  // namespace pano::auth
