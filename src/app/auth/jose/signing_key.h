#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/auth/jose/algorithm.h"
#include "base/json.h"
#include "base/result.h"

namespace pano::jose {

// A key that signs, for one algorithm. A value that shares the key itself; immutable, so thread-safe.
class SigningKey {
 public:
  // A new key (RSA: 2048 bits). Internal when the system's source of random numbers fails.
  static Result<SigningKey> Generate(Algorithm algorithm);
  // InvalidArgument for what is no private key of that algorithm, or a weak one.
  static Result<SigningKey> FromJwk(const json::Value& private_jwk, Algorithm algorithm);

  Algorithm algorithm() const { return algorithm_; }
  // SHA-256 of the key's numbers (RFC 7638): its kid, too.
  const std::string& thumbprint() const { return thumbprint_; }

  // As JWK: the public one carries `kid` (the thumbprint), `use` and `alg`; the private one is a secret.
  json::Value PublicJwk() const;
  json::Value PrivateJwk() const;

  // The signature of `data` in the form of RFC 7518.
  Result<std::string> Sign(std::string_view data) const;

 private:
  struct Handle;
  SigningKey() = default;

  std::shared_ptr<const Handle> handle_;
  Algorithm algorithm_ = Algorithm::kEs256;
  std::string thumbprint_;
};

// `payload` signed, in compact form. The header is {"alg","typ","kid"}; "typ" is left out when `typ` is "".
Result<std::string> SignCompact(const SigningKey& key, std::string_view typ, std::string_view payload);

}  // namespace pano::jose
