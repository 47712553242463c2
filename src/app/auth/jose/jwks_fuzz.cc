// Key sets as an issuer, or whoever stands in its place, publishes them.
#include <cstdint>
#include <string_view>

#include "app/auth/jose/key_set.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::jose;
  const pano::Result<KeySet> set = KeySet::Parse({reinterpret_cast<const char*>(data), size});
  if (!set.ok()) return 0;
  PANO_CHECK(set->keys().size() <= KeySet::kKeysMax);
  PANO_CHECK(*set == *set);
  for (const PublicKey& key : set->keys()) {
    PANO_CHECK(!key.thumbprint().empty());
    for (Algorithm algorithm : kAlgorithms) {
      if (key.Allows(algorithm)) PANO_CHECK(!key.Verify(algorithm, "text", "no signature"));
      PANO_CHECK(set->Candidates(key.kid(), algorithm).size() <= KeySet::kCandidatesMax);
    }
  }
  return 0;
}
