#pragma once

#include <string>
#include <string_view>

#include "app/auth/jose/algorithm.h"
#include "app/auth/jose/key_set.h"
#include "base/json.h"
#include "base/result.h"

namespace pano::jose {

// A JWS in compact form (RFC 7515, 7.1), taken apart but not believed: nothing of it counts before
// VerifyJws has found its signature good. A value that borrows the text.
struct CompactJws {
  static constexpr size_t kBytesMax = 16 << 10;

  json::Value header;          // an object without repeated names
  Algorithm algorithm = Algorithm::kRs256;
  std::string kid;             // "" = none
  std::string payload;         // decoded
  std::string signature;       // decoded
  std::string_view signed_text;  // header and payload as sent
};

// InvalidArgument says what keeps `text` from being a JWS that could be believed: more than kBytesMax, not
// three parts of base64url, an algorithm that is not ours, and a header that brings or names a key
// (`jwk`, `jku`, `x5c`, `x5u`: nothing is ever fetched for a token), has `crit` (we know no extension) or an
// unencoded payload (`b64`).
Result<CompactJws> ParseCompactJws(std::string_view text);

// The key of `keys` that made the signature; null when none did.
const PublicKey* VerifyJws(const CompactJws& jws, const KeySet& keys);

// About how long VerifyJws takes at most, on a core of today.
int VerifyMicroseconds(const CompactJws& jws, const KeySet& keys);

}  // namespace pano::jose
