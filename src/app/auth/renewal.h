#pragma once

#include <optional>

#include "app/auth/authenticator.h"
#include "app/auth/principal.h"
#include "base/result.h"

namespace pano::auth {

// What authenticators know of callers whose credentials they took before. Thread-safe; does not wait.
class Renewal {
 public:
  virtual ~Renewal() = default;
  // What the caller may do now: as its key or client stands, of a token never more than that said. Nothing: it is
  // none of those that this takes, or its key or client was taken away, or has expired. A token of another
  // issuer counts for as long as that issuer is trusted, since nothing says earlier that it does not.
  virtual std::optional<Principal> Renew(const Principal& known) = 0;
};

// The same of an authenticator; Unauthenticated where there is nothing left, also for one that is no Renewal.
Result<Principal> RenewRights(Authenticator& authenticator, const Principal& known);

}  // namespace pano::auth
