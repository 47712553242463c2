#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/api/failure.h"
#include "app/http/http.h"
#include "base/result.h"

namespace pano::api {

// "127.0.0.1", "::1", "localhost" and their like, as a host to bind to or a name in a header.
bool IsLoopbackHost(std::string_view host);

// By which names a server may be called, and from which pages. A value; constant once the server runs.
struct CallerPolicy {
  bool loopback = true;  // bound to loopback: Host and Origin are checked
  // Bound beyond loopback and nobody has to show a key: they are checked all the same, so that no web
  // page reaches the server through a browser that can.
  bool keyless = false;
  std::vector<std::string> hosts = {};    // names in Host beside loopback's, as ParseAllowedHost gives
                                          // them; "*": any
  std::vector<std::string> origins = {};  // of pages beside the server's own, as ParseAllowedOrigin
                                          // gives them; "*": any
};

// "Host.Docker.Internal" -> "host.docker.internal", "[::1]" -> "::1", "*". InvalidArgument for what is
// no name or address, or has a port.
Result<std::string> ParseAllowedHost(std::string_view text);
// "HTTPS://Chat.Example:443" -> "https://chat.example", as a browser writes it; "null" (pages from
// files), "*". InvalidArgument for what is no origin.
Result<std::string> ParseAllowedOrigin(std::string_view text);

// On a loopback server: the Host must be a loopback name or an allowed one, so that no page reaches it
// by rebinding a name of its own; an Origin must be the server itself or an allowed one, so that no
// page on another port does. On another server without keys the Host must be an address or a name that
// no public page can have. With keys: anything.
Status CheckCaller(const CallerPolicy& policy, const http::Request& request);

// What an answer says to the browser of an allowed origin's page (the CORS protocol of the Fetch
// standard); to others nothing, so that their pages cannot read it.
http::Headers CrossOriginHeaders(const CallerPolicy& policy, std::string_view origin);
// A browser's question, ahead of a request, whether a page may send it; it never carries a key.
bool IsPreflight(const http::Request& request);
// The answer to a preflight that CheckCaller has let through. Without a key nothing is known of paths,
// so every path answers alike.
http::Response PreflightResponse(const CallerPolicy& policy, const http::Request& request);

// A body must say that it is JSON: a page cannot send that across origins without asking first.
Failure CheckJsonContentType(const http::Request& request);
// A body must say that it is a form with files (multipart/form-data).
Failure CheckMultipartContentType(const http::Request& request);
// A body must say that it is a form (application/x-www-form-urlencoded).
Failure CheckFormContentType(const http::Request& request);

}  // namespace pano::api
