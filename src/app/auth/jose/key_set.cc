#include "app/auth/jose/key_set.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::jose {
namespace {

std::string NameOf(size_t index, const json::Value& entry) {
  const json::Value* kid = entry.Find("kid");
  const std::string shown = kid && kid->is_string() ? StrCat(" (kid '", Printable(kid->as_string()), "')") : "";
  return StrCat("entry ", index + 1, shown);
}

std::vector<std::string> Identities(const std::vector<PublicKey>& keys) {
  std::vector<std::string> names;
  for (const PublicKey& key : keys) {
    const std::string_view alg = key.algorithm() ? AlgorithmName(*key.algorithm()) : "";
    names.push_back(StrCat(key.thumbprint(), " ", alg, " ", key.kid()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<KeySet> KeySet::Parse(std::string_view text, PrivateParts parts) {
  json::ParseOptions options;
  options.depth_max = 16;
  options.bytes_max = kBytesMax;
  Result<json::Value> document = json::Parse(text, options);
  if (!document.ok()) return Corruption(StrCat("the key set is no JSON: ", document.error().message()));
  const json::Value* list = document->Find("keys");
  if (!list || !list->is_array()) return Corruption("the key set has no list 'keys'");
  KeySet set;
  const json::Array& entries = list->as_array();
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i == kKeysMax) {
      set.skipped_.push_back(StrCat(entries.size() - i, " entries after the first ", kKeysMax));
      break;
    }
    Result<PublicKey> key = PublicKey::FromJwk(entries[i], parts);
    if (key.ok()) {
      set.keys_.push_back(std::move(key).value());
    } else {
      set.skipped_.push_back(StrCat(NameOf(i, entries[i]), ": ", key.error().message()));
    }
  }
  return set;
}

std::vector<const PublicKey*> KeySet::Candidates(std::string_view kid, Algorithm algorithm) const {
  std::vector<const PublicKey*> found;
  for (const PublicKey& key : keys_) {
    if ((kid.empty() || key.kid() == kid) && key.Allows(algorithm)) found.push_back(&key);
    if (found.size() == kCandidatesMax) break;
  }
  return found;
}

bool KeySet::HasKid(std::string_view kid) const {
  return std::any_of(keys_.begin(), keys_.end(), [&](const PublicKey& key) { return key.kid() == kid; });
}

bool KeySet::operator==(const KeySet& other) const { return Identities(keys_) == Identities(other.keys_); }

}  // namespace pano::jose
