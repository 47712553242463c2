#pragma once

#include <string>

#include "app/http/client.h"
#include "app/http/url.h"

namespace pano::http {

// The bytes of a request to a server: head and body.
std::string FormatRequest(const Url& url, const ClientRequest& request);

}  // namespace pano::http
