#include "app/auth/bearer/key_file.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "app/auth/jose/sha256.h"
#include "app/auth/renewal.h"
#include "base/file_follower.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "base/yaml/document.h"
#include "base/yaml/values.h"

namespace pano::bearer {
namespace {

using yaml::Join;
using yaml::Wrong;

constexpr size_t kScopesMax = 256;
constexpr size_t kHashDigits = 64;

std::optional<int> Digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

Result<std::string> HashOf(const YAML::Node& node, std::string_view place) {
  if (node["key"].IsDefined() == node["sha256"].IsDefined()) return Wrong(node, place, "expected either 'key' or 'sha256'");
  if (node["key"]) {
    PANO_ASSIGN_OR_RETURN(const std::string key, yaml::Text(node["key"], Join(place, "key")));
    const bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!printable || key.size() < KeyFile::kKeyBytesMin || key.size() > 1024) {
      return Wrong(node["key"], Join(place, "key"), StrCat("a key has ", KeyFile::kKeyBytesMin, " to 1024 printable ASCII characters, no spaces"));
    }
    return jose::Sha256(key);
  }
  const std::string where = Join(place, "sha256");
  PANO_ASSIGN_OR_RETURN(const std::string digits, yaml::Text(node["sha256"], where));
  if (digits.size() != kHashDigits) return Wrong(node["sha256"], where, "expected 64 hexadecimal digits");
  std::string hash;
  for (size_t i = 0; i < digits.size(); i += 2) {
    const std::optional<int> high = Digit(digits[i]), low = Digit(digits[i + 1]);
    if (!high || !low) return Wrong(node["sha256"], where, "expected 64 hexadecimal digits");
    hash += static_cast<char>(*high * 16 + *low);
  }
  return hash;
}

// "2027-01-31" (the day's begin, UTC), or seconds since 1970.
Result<int64_t> Expiry(const YAML::Node& node, std::string_view place) {
  PANO_ASSIGN_OR_RETURN(const std::string text, yaml::Text(node, place));
  if (const std::optional<int64_t> seconds = ParseInt(text); seconds && *seconds > 0) return *seconds;
  const std::vector<std::string_view> parts = Split(text, '-');
  std::optional<int64_t> numbers[3];
  for (size_t i = 0; i < parts.size() && i < 3; ++i) numbers[i] = ParseInt(parts[i]);
  if (parts.size() == 3 && numbers[0] && numbers[1] && numbers[2] && *numbers[0] >= 1970 && *numbers[0] <= 9999 &&
      *numbers[1] >= 1 && *numbers[1] <= 12 && *numbers[2] >= 1 && *numbers[2] <= 31) {
    const std::chrono::year_month_day day(std::chrono::year(static_cast<int>(*numbers[0])),
                                          std::chrono::month(static_cast<unsigned>(*numbers[1])),
                                          std::chrono::day(static_cast<unsigned>(*numbers[2])));
    if (day.ok()) return int64_t{std::chrono::sys_days(day).time_since_epoch().count()} * 86400;
  }
  return Wrong(node, place, "expected a day (2027-01-31) or seconds since 1970");
}

Result<auth::Principal> ReadPrincipal(const YAML::Node& node, std::string_view place) {
  auth::Principal who;
  for (const char* name : {"id", "tenant", "scopes"}) {
    if (!node[name]) return Wrong(node, Join(place, name), "is missing");
  }
  PANO_ASSIGN_OR_RETURN(who.key_id, yaml::Text(node["id"], Join(place, "id")));
  PANO_ASSIGN_OR_RETURN(who.tenant, yaml::Text(node["tenant"], Join(place, "tenant")));
  if (!auth::IsTenantName(who.tenant)) return Wrong(node["tenant"], Join(place, "tenant"), "is no name of a tenant");
  if (!auth::IsTenantName(who.key_id)) return Wrong(node["id"], Join(place, "id"), "has at most 128 bytes, none a control character");
  const std::string where = Join(place, "scopes");
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> texts, yaml::Texts(node["scopes"], where, kScopesMax));
  who.scopes = auth::ScopeSet();
  for (const std::string& text : texts) {
    Result<auth::ScopeSet> scope = auth::ScopeSet::Parse(text);
    if (!scope.ok()) return Wrong(node["scopes"], where, scope.error().message());
    who.scopes.Add(*scope);
  }
  if (node["expires"]) {
    PANO_ASSIGN_OR_RETURN(who.expires_unix, Expiry(node["expires"], Join(place, "expires")));
  }
  return who;
}

Status ReadKeys(const YAML::Node& root, std::unordered_map<std::string, auth::Principal>& keys) {
  PANO_RETURN_IF_ERROR(yaml::CheckKeys(root, "", {"keys"}));
  const YAML::Node list = root["keys"];
  if (!list.IsDefined() || !list.IsSequence() || list.size() > KeyFile::kKeysMax) {
    return Wrong(list.IsDefined() ? list : root, "keys", StrCat("expected a list of at most ", KeyFile::kKeysMax, " keys"));
  }
  std::set<std::string> ids;
  size_t i = 0;
  for (const auto& node : list) {
    const std::string place = StrCat("keys[", i++, "]");
    PANO_RETURN_IF_ERROR(yaml::CheckKeys(node, place, {"id", "tenant", "scopes", "key", "sha256", "expires"}));
    PANO_ASSIGN_OR_RETURN(auth::Principal who, ReadPrincipal(node, place));
    PANO_ASSIGN_OR_RETURN(std::string hash, HashOf(node, place));
    if (!ids.insert(who.key_id).second) return Wrong(node["id"], Join(place, "id"), "stands twice");
    if (!keys.emplace(std::move(hash), std::move(who)).second) return Wrong(node, place, "this key stands twice");
  }
  return {};
}

class KeyFileAuthenticatorImpl final : public KeyFileAuthenticator, public auth::Renewal {
 public:
  KeyFileAuthenticatorImpl(std::string path, KeyFile keys, std::string text, Env& env, Clock& clock, Duration poll)
      : path_(std::move(path)),
        clock_(clock),
        keys_(std::make_shared<const KeyFile>(std::move(keys))),
        follower_({.path = path_, .bytes_max = KeyFile::kBytesMax, .log_name = "[auth] ", .poll = poll}, std::move(text),
                  [this](const std::string& changed) { return Take(changed); }, env, clock) {}

  bool required() const override { return true; }
  bool Recognizes(const auth::Credentials& credentials) const override {
    return !auth::LooksLikeJwt(auth::ShownSecret(credentials));
  }
  std::optional<Result<auth::Principal>> TryAuthenticate(const auth::Credentials& credentials) override {
    const std::string_view shown = auth::ShownSecret(credentials);
    if (shown.empty()) return auth::NoCredentials();
    return keys()->Find(shown, clock_.UnixSeconds());
  }
  std::optional<auth::Principal> Renew(const auth::Principal& known) override {
    if (known.key_id.empty()) return std::nullopt;
    return keys()->FindId(known.key_id, known.tenant, clock_.UnixSeconds());
  }
  Status Reload() override { return follower_.Look(); }

 private:
  std::shared_ptr<const KeyFile> keys() {
    MutexLock lock(mu_);
    return keys_;
  }

  Status Take(const std::string& text) {
    Result<KeyFile> keys = KeyFile::Parse(text);
    if (!keys.ok()) return keys.error().Wrap(path_);
    LogInfo("[auth] ", Printable(path_, 400), ": ", keys->size(), " API keys");
    auto next = std::make_shared<const KeyFile>(std::move(keys).value());
    MutexLock lock(mu_);
    keys_ = std::move(next);
    return {};
  }

  const std::string path_;
  Clock& clock_;
  Mutex mu_;
  std::shared_ptr<const KeyFile> keys_ PANO_GUARDED_BY(mu_);
  FileFollower follower_;  // last: its thread uses the rest
};

}  // namespace

Result<KeyFile> KeyFile::Parse(std::string_view yaml) {
  constexpr yaml::DocumentLimits kLimits{.bytes_max = kBytesMax, .nodes_max = 1 << 19};
  KeyFile file;
  PANO_RETURN_IF_ERROR(yaml::ReadDocument(yaml, kLimits, [&](const YAML::Node& root) { return ReadKeys(root, file.keys_); }));
  return file;
}

Result<auth::Principal> KeyFile::Find(std::string_view key, int64_t now) const {
  const auto wrong = [](std::string_view why) {
    return Status(StatusCode::kUnauthenticated, StrCat("the API key ", why)).WithReason(std::string(auth::kInvalidApiKey));
  };
  const auto found = keys_.find(jose::Sha256(key));
  if (found == keys_.end()) return wrong("is not valid");
  if (found->second.expires_unix != 0 && now >= found->second.expires_unix) return wrong("has expired");
  return found->second;
}

std::optional<auth::Principal> KeyFile::FindId(std::string_view key_id, std::string_view tenant, int64_t now) const {
  for (const auto& [hash, who] : keys_) {
    if (who.key_id != key_id || who.tenant != tenant) continue;
    if (who.expires_unix != 0 && now >= who.expires_unix) return std::nullopt;
    return who;
  }
  return std::nullopt;
}

Result<std::unique_ptr<KeyFileAuthenticator>> MakeKeyFileAuthenticator(std::string path, Env& env, Clock& clock,
                                                                       Duration poll) {
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path, KeyFile::kBytesMax, env));
  Result<KeyFile> keys = KeyFile::Parse(text);
  if (!keys.ok()) return keys.error().Wrap(path);
  return std::unique_ptr<KeyFileAuthenticator>(std::make_unique<KeyFileAuthenticatorImpl>(
      std::move(path), std::move(keys).value(), std::move(text), env, clock, poll));
}

}  // namespace pano::bearer
