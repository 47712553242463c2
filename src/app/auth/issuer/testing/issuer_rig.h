#pragma once

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "app/auth/issuer/password_hash.h"
#include "app/auth/issuer/token_issuer.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/env.h"

namespace pano::issuer::testing {

// A folder of a test's own, gone with it. Confined to one thread.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base ? base : "/tmp") + "/pano-issuer-XXXXXX";
    PANO_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryFolder() { (void)Env::Real().RemoveTree(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string state() const { return path_ + "/state"; }

 private:
  std::string path_;
};

// An issuer over a store of its own, on a clock that a test moves: the confidential client "svc" (secret
// "hunter2"), the public client "console" and the user "ann" (password "horse"). Confined to one thread.
class IssuerRig {
 public:
  static constexpr const char* kRedirect = "https://app.example/done";

  IssuerRig() {
    clock.Advance(std::chrono::hours(24 * 365 * 50));
    const int64_t now = clock.UnixSeconds();
    PANO_CHECK(AuthStore::Init(folder.state(), jose::Algorithm::kEs256, now).value());
    constexpr ScryptCost kCheap{.log2_n = 4};
    auto store = std::move(AuthStore::Open(folder.state())).value();
    PANO_CHECK(store->AddClient({.id = "svc", .tenant = "acme", .scope = "models:*:predict models:*:read",
                                 .secret_hash = HashPassword("hunter2", kCheap).value(), .created = now}).ok());
    PANO_CHECK(store->AddClient({.id = "console", .tenant = "acme", .scope = "models:*:predict models:*:read metrics:read",
                                 .secret_hash = "", .redirect_uris = {kRedirect, "http://127.0.0.1/cb"}, .created = now}).ok());
    PANO_CHECK(store->AddUser({.id = "ann", .tenant = "acme", .scope = "models:m:predict models:*:read",
                               .password_hash = HashPassword("horse", kCheap).value(), .created = now}).ok());
    state = std::move(IssuerState::Create(std::move(store), clock, Duration::zero())).value();
    issuer = std::make_shared<TokenIssuer>(state, "https://id.example");
    authenticator = auth::MakeAuthenticatorChain(MakeIssuerAuthenticators(issuer));
  }

  Result<auth::Principal> Who(const std::string& token) {
    const std::string header = "Bearer " + token;
    return *authenticator->TryAuthenticate({header});
  }

  TemporaryFolder folder;
  ManualClock clock;
  std::shared_ptr<IssuerState> state;
  std::shared_ptr<TokenIssuer> issuer;
  std::unique_ptr<auth::Authenticator> authenticator;
};

}  // namespace pano::issuer::testing
