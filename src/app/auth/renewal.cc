#include "app/auth/renewal.h"

#include <string>
#include <utility>

namespace pano::auth {

Result<Principal> RenewRights(Authenticator& authenticator, const Principal& known) {
  auto* renewal = dynamic_cast<Renewal*>(&authenticator);
  std::optional<Principal> now = renewal ? renewal->Renew(known) : std::nullopt;
  if (now) return *std::move(now);
  return Status(StatusCode::kUnauthenticated, "the key or client was taken away")
      .WithReason(std::string(kInvalidToken));
}

}  // namespace pano::auth
