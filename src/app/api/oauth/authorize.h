#pragma once

#include "app/api/context.h"
#include "app/api/oauth/oauth_server.h"

namespace pano::api::oauth {

// GET /oauth/authorize: the page to log in on. POST: the same fields with `username` and `password`.
void ShowLogin(const OAuthServerPtr& server, const CallPtr& call);
void Login(const OAuthServerPtr& server, const CallPtr& call);

}  // namespace pano::api::oauth
