#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/api/work/work_pool.h"
#include "app/audit/audit_log.h"
#include "app/auth/issuer/token_issuer.h"

namespace pano::api::oauth {

// What the routes of the built-in issuer work with. Requests that hash a secret (0.1 s and 32 MiB each) have
// threads of their own, so that a flood of logins holds up no other request. Thread-safe.
class OAuthServer {
 public:
  // `audit` may be null and outlives this. `threads` 0: everything runs where it is asked for.
  OAuthServer(std::shared_ptr<issuer::TokenIssuer> issuer, audit::AuditLog* audit, int threads = 1);

  issuer::TokenIssuer& issuer() { return *issuer_; }
  // False when too many wait.
  bool Submit(std::function<void()> task) { return work_.Submit(0, std::move(task)); }
  // Puts an event into the audit log, where there is one.
  void Note(audit::Event event);

  // What proves that a form was filled in on a page of this issuer: a function of the page's cookie.
  std::string FormProof(std::string_view cookie) const;

 private:
  static constexpr size_t kWaitingMax = 64;

  const std::shared_ptr<issuer::TokenIssuer> issuer_;
  audit::AuditLog* const audit_;
  WorkPool work_;  // last: ends before what its tasks use
};

using OAuthServerPtr = std::shared_ptr<OAuthServer>;

}  // namespace pano::api::oauth
