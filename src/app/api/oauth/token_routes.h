#pragma once

#include "app/api/context.h"
#include "app/api/oauth/oauth_server.h"

namespace pano::api::oauth {

// POST /oauth/token, /oauth/revoke, /oauth/introspect.
void Token(const OAuthServerPtr& server, const CallPtr& call);
void Revoke(const OAuthServerPtr& server, const CallPtr& call);
void Introspect(const OAuthServerPtr& server, const CallPtr& call);

}  // namespace pano::api::oauth
