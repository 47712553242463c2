#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "app/auth/authenticator.h"
#include "app/auth/principal.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"

namespace pano::bearer {

// The API keys of a file (`keys: FILE` of --auth), by the SHA-256 of their text; docs/auth.md has its format.
// Immutable once parsed, so thread-safe.
class KeyFile {
 public:
  static constexpr size_t kBytesMax = 4 << 20;
  static constexpr size_t kKeysMax = 10'000;
  static constexpr size_t kKeyBytesMin = 16;   // of a key that is written out

  // InvalidArgument names the place that is wrong.
  static Result<KeyFile> Parse(std::string_view yaml);

  // Unauthenticated when there is no such key, or its time has passed.
  Result<auth::Principal> Find(std::string_view key, int64_t now) const;
  // The same of a key that was shown before, by its id and tenant; nothing where it is not good any more.
  std::optional<auth::Principal> FindId(std::string_view key_id, std::string_view tenant, int64_t now) const;
  size_t size() const { return keys_.size(); }

 private:
  std::unordered_map<std::string, auth::Principal> keys_;
};

// Takes the keys of a file, as it is now (FileFollower): one that cannot be read leaves the keys as they were.
// Thread-safe.
class KeyFileAuthenticator : public auth::Authenticator {
 public:
  // Reads the file at once. What is wrong with it.
  virtual Status Reload() = 0;
};

// Fails when the file at `path` cannot be read at first. `env` and `clock` outlive it.
Result<std::unique_ptr<KeyFileAuthenticator>> MakeKeyFileAuthenticator(std::string path, Env& env = Env::Real(),
                                                                       Clock& clock = Clock::Real(),
                                                                       Duration poll = std::chrono::seconds(1));

}  // namespace pano::bearer
