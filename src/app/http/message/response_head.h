#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/http/http.h"

namespace pano::http {

// How the end of a response is told.
enum class BodyFraming { kNone, kLength, kChunked, kUntilClose };

struct ResponseHeadFields {
  int status = 200;
  int version_minor = 1;  // of the request: HTTP/1.0 needs a word to keep the connection
  bool keep_alive = true;
  BodyFraming framing = BodyFraming::kLength;
  uint64_t content_length = 0;  // with kLength
  int64_t unix_seconds = 0;     // for Date
  std::string_view request_id;
};

// Status line and fields up to the empty line. Of `headers` those that belong to the server (Date,
// Content-Length, Transfer-Encoding, Connection, X-Request-Id) are left out; a name that is no
// token is left out and control characters in values become spaces, so that no text can split a
// response.
std::string FormatResponseHead(const ResponseHeadFields& fields, const Headers& headers);

std::string_view ReasonPhrase(int status);     // "OK"; "" for unknown ones
std::string FormatDate(int64_t unix_seconds);  // "Sun, 06 Nov 1994 08:49:37 GMT"

// A status whose response has no body whatever the request.
bool StatusHasNoBody(int status);

}  // namespace pano::http
