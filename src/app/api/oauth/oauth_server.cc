#include "app/api/oauth/oauth_server.h"

#include <utility>

#include "app/auth/issuer/secret.h"
#include "app/auth/jose/base64url.h"
#include "base/strings.h"

namespace pano::api::oauth {

OAuthServer::OAuthServer(std::shared_ptr<issuer::TokenIssuer> issuer, audit::AuditLog* audit, int threads)
    : issuer_(std::move(issuer)), audit_(audit), work_({.threads = threads, .tasks_max = kWaitingMax}) {}

void OAuthServer::Note(audit::Event event) {
  if (audit_) audit_->Note(std::move(event));
}

std::string OAuthServer::FormProof(std::string_view cookie) const {
  return jose::EncodeBase64Url(
      issuer::HmacSha256(issuer_->state().store().server_key(), StrCat("form ", cookie)));
}

}  // namespace pano::api::oauth
