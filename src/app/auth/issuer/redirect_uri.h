#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace pano::issuer {

// What a client may be sent back to: an absolute URI without a fragment (RFC 6749, 3.1.2) by https, by http on
// this machine, or by a scheme of an application's own with a dot in it ("com.example.app:/done", RFC 8252,
// 7.1). InvalidArgument says what else it is.
Status CheckRedirectUri(std::string_view uri);

// Whether a client that registered `registered` may ask for `asked`: to the letter, but one registered on
// http://127.0.0.1 or http://[::1] without a port takes any port there (RFC 8252, 7.3).
bool RedirectUriMatches(std::string_view registered, std::string_view asked);

// "https://app.example:8443" of a redirect URI, or "com.example.app:": what a policy of browsers names.
std::string RedirectSource(std::string_view uri);

// `uri` with `query`, which begins with neither '?' nor '&'.
std::string WithQuery(std::string_view uri, std::string_view query);

}  // namespace pano::issuer
