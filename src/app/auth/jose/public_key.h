#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/auth/jose/algorithm.h"
#include "base/json.h"
#include "base/result.h"

namespace pano::jose {

enum class PrivateParts : uint8_t { kRefuse, kIgnore };

// A key that checks signatures, as a JWK publishes it (RFC 7517, 7518, 8037). A value that shares the
// key itself; immutable, so thread-safe.
class PublicKey {
 public:
  // InvalidArgument says why an entry is no key for signatures here: another type, another use, broken
  // or weak numbers (RSA below 2048 or above 8192 bits, a point that is not on its curve), and where that is
  // refused a private part, which makes the key everybody's.
  static Result<PublicKey> FromJwk(const json::Value& jwk, PrivateParts parts = PrivateParts::kRefuse);

  const std::string& kid() const { return kid_; }  // "" = none
  KeyKind kind() const { return kind_; }
  // The one algorithm that the JWK names, where it does.
  std::optional<Algorithm> algorithm() const { return algorithm_; }
  bool Allows(Algorithm algorithm) const;

  // Whether `signature` is one of `data`, in the form of RFC 7518: r and s of full length for ECDSA.
  // REQUIRES: Allows(algorithm).
  bool Verify(Algorithm algorithm, std::string_view data, std::string_view signature) const;

  // About how long Verify takes on a core of today, whether it says yes or no.
  int verify_microseconds() const { return verify_microseconds_; }

  // SHA-256 of the key's numbers in base64url (RFC 7638).
  const std::string& thumbprint() const { return thumbprint_; }

 private:
  struct Handle;
  PublicKey() = default;

  std::shared_ptr<const Handle> handle_;
  KeyKind kind_ = KeyKind::kRsa;
  std::string kid_;
  std::optional<Algorithm> algorithm_;
  std::string thumbprint_;
  int verify_microseconds_ = 0;
};

// RFC 7638, 3: the members that make the key, in order, without white space, hashed.
// REQUIRES: `jwk` was read as a key.
std::string Thumbprint(const json::Value& jwk);

}  // namespace pano::jose
