#pragma once

#include <string>
#include <string_view>

#include "app/auth/issuer/token_issuer.h"
#include "app/http/http.h"

namespace pano::api::oauth {

// The page on which a user logs in: a form without scripts, with every field of the request and the proof that
// it came from here, hidden. `problem`: what was wrong with the last attempt; "" = nothing.
http::Response LoginPage(const issuer::AuthorizeRequest& request, const issuer::AuthorizePlan& plan,
                         std::string_view form_proof, std::string_view problem, int status);

// A page that says why there is nothing to log in to.
http::Response ProblemPage(std::string_view problem, int status);

}  // namespace pano::api::oauth
