#pragma once

#include <string_view>

#include "app/api/failure.h"
#include "app/http/http.h"

namespace pano::api {

// "127.0.0.1", "::1", "localhost" and their like, as a host to bind to or a name in a header.
bool IsLoopbackHost(std::string_view host);

// On a loopback server: the Host must be a loopback name, so that no page reaches it by rebinding a
// name of its own; an Origin must be the server itself, so that no page on another port does.
Status CheckLoopbackCaller(const http::Request& request);
// The same for a server that is reachable from elsewhere and asks for no key: the Host is an address or a
// name that no public page can have.
Status CheckKeylessCaller(const http::Request& request);

// A body must say that it is JSON: a page cannot send that across origins without asking first.
Failure CheckJsonContentType(const http::Request& request);

}  // namespace pano::api
