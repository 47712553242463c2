#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/auth/jose/public_key.h"
#include "base/result.h"

namespace pano::jose {

// The public keys of one issuer, as it publishes them: a JWK Set (RFC 7517, 5). Immutable once parsed,
// so thread-safe.
class KeySet {
 public:
  static constexpr size_t kBytesMax = 1 << 20;
  static constexpr size_t kKeysMax = 2048;       // entries beyond are left out
  static constexpr size_t kCandidatesMax = 8;    // that a token may cost in verifications

  // Entries that are no key for signatures here are left out and cost the others nothing. Corruption
  // where the text is no JWK Set at all.
  static Result<KeySet> Parse(std::string_view text, PrivateParts parts = PrivateParts::kRefuse);

  const std::vector<PublicKey>& keys() const { return keys_; }
  // Why each entry that was left out is no key: "entry 3 (kid 'x'): ...".
  const std::vector<std::string>& skipped() const { return skipped_; }

  // The keys that a token may be signed by: those with its kid, or any where it has none ("").
  std::vector<const PublicKey*> Candidates(std::string_view kid, Algorithm algorithm) const;
  bool HasKid(std::string_view kid) const;

  // The same keys with the same kids, whatever the order.
  bool operator==(const KeySet& other) const;

 private:
  std::vector<PublicKey> keys_;
  std::vector<std::string> skipped_;
};

}  // namespace pano::jose
