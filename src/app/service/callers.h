#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/auth/authenticator.h"
#include "app/auth/bearer/auth_file_authenticator.h"
#include "app/auth/issuer/token_issuer.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/result.h"

namespace pano::service {

// Who may call. Nothing set: everybody.
struct CallerOptions {
  std::vector<std::string> api_keys = {};  // each may do everything
  std::string auth_file = {};              // issuers and keys (docs/auth.md); "" = none
  std::string auth_state = {};             // the folder of the built-in issuer's state; "" = no such issuer
  std::string issuer = {};                 // its name, a URL; "" = the address that is listened on
  std::string address = {};                // that address as a URL; "" = not known yet
};

// What is made of them.
struct Callers {
  std::unique_ptr<auth::Authenticator> authenticator;
  bearer::AuthFileAuthenticator* auth_file = nullptr;  // a part of the authenticator; null: there is no file
  std::shared_ptr<issuer::TokenIssuer> issuer;  // the built-in one; null: none

  // Whose tokens are taken now, for as long as the authenticator is there; "" is the built-in issuer whose name is
  // not known yet.
  std::function<std::vector<std::string>()> Issuers() const;
};

// Reads the file and begins to fetch the issuers' keys; waits for none of them. InvalidArgument says what is wrong
// with a key, or with the reason `auth_settings` what is wrong with the file. `env` and `clock` outlive the result.
Result<Callers> MakeCallers(const CallerOptions& options, Env& env = Env::Real(), Clock& clock = Clock::Real());

}  // namespace pano::service
