#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/auth/authenticator.h"
#include "app/auth/bearer/issuer_settings.h"
#include "app/auth/bearer/key_source.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"

namespace pano::bearer {

// Takes whom the file of --auth names, as it is now (FileFollower): tokens of its issuers, keys of its key file.
// A file that cannot be read, or is wrong, leaves everything as it was. An issuer that stays, with the same
// address of its keys, goes on with the keys that were fetched. Thread-safe.
class AuthFileAuthenticator : public auth::Authenticator {
 public:
  // Reads the file and the key file at once, whether they have changed or not. What is wrong with them.
  virtual Status Reload() = 0;
  // The names of the issuers whose tokens are taken now.
  virtual std::vector<std::string> issuers() const = 0;
};

// Where the keys of an issuer come from.
using MakeKeySource = std::function<std::shared_ptr<KeySource>(const IssuerSettings& issuer)>;

// Fails when the file cannot be read at first, or is wrong. `env` and `clock` outlive it.
Result<std::unique_ptr<AuthFileAuthenticator>> MakeAuthFileAuthenticator(std::string path, MakeKeySource make_keys,
                                                                         Env& env = Env::Real(),
                                                                         Clock& clock = Clock::Real(),
                                                                         Duration poll = std::chrono::seconds(1));

}  // namespace pano::bearer
