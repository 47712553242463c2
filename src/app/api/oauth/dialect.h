#pragma once

#include "app/api/dialect.h"
#include "app/api/oauth/oauth_server.h"

namespace pano::api::oauth {

// The routes of the built-in issuer. `server` null: there is none, and they answer as paths that are not there.
Dialect MakeDialect(OAuthServerPtr server = nullptr);

}  // namespace pano::api::oauth
