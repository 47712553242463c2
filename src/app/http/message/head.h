#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/http/http.h"

namespace pano::http {

// Why a message is refused, as the status line of the answer has it.
struct Refusal {
  int status = 400;
  std::string message;
};

// What a request's start line and fields say.
struct RequestHead {
  std::string method;
  std::string target;
  Headers headers;
  int version_minor = 1;  // HTTP/1.0 or HTTP/1.1
  bool keep_alive = true;
  bool expects_continue = false;
  bool chunked = false;
  std::optional<uint64_t> content_length;  // nothing: chunked, or no body
};

// What a response's start line and fields say.
struct ResponseHead {
  int status = 0;
  Headers headers;
  bool keep_alive = true;
  bool chunked = false;
  std::optional<uint64_t>
      content_length;  // nothing and not chunked: the body ends with the connection
};

// `text` is a whole head as HeadScanner collects it. What two readers could understand differently
// is refused: Content-Length twice or beside Transfer-Encoding, Transfer-Encoding twice, in
// HTTP/1.0 or other than exactly "chunked" (501), no or two Host fields in HTTP/1.1.
std::optional<Refusal> ParseRequestHead(std::string_view text, RequestHead& head);
std::optional<Refusal> ParseResponseHead(std::string_view text, ResponseHead& head);

}  // namespace pano::http
