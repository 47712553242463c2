#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/auth/principal.h"
#include "base/result.h"

namespace pano::auth {

// What a caller showed, as the headers carry it; "" where there was none.
struct Credentials {
  std::string_view authorization;  // "Bearer KEY"
  std::string_view api_key;        // X-Api-Key
};

// Makes a Principal from credentials and knows nothing of what it is used for. Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Unauthenticated when nothing or something wrong was shown.
  virtual Result<Principal> Authenticate(const Credentials& credentials) const = 0;
  // Whether callers have to show anything at all.
  virtual bool required() const = 0;
};

// Accepts any of `keys`, each compared in a time that does not depend on where it differs; each key
// is a tenant of its own. No keys: everybody is the default tenant. InvalidArgument for an empty
// key or one with characters that no header can carry.
Result<std::unique_ptr<Authenticator>> MakeApiKeyAuthenticator(std::vector<std::string> keys);

}  // namespace pano::auth
