#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/http/message/chunked.h"
#include "app/http/message/head.h"
#include "app/http/message/head_scanner.h"

namespace pano::http {

// From bytes to one response; knows no socket. Interim (1xx) responses are skipped.
// Thread-compatible.
class ResponseParser {
 public:
  enum class State { kHead, kBody, kComplete, kMalformed };

  // `is_head_request`: the answer has no body whatever its fields say.
  explicit ResponseParser(bool is_head_request = false, size_t header_bytes_max = 64 << 10);

  // Appends body bytes to `body`; returns how many bytes belong to this response. Returns early
  // when a head is complete, so call it until it takes nothing.
  size_t Feed(std::string_view bytes, std::string& body);
  // The peer has closed: the end of a body that has no other end, else an error.
  void FeedEnd();

  State state() const { return state_; }
  // From state kBody on.
  const ResponseHead& head() const { return head_; }
  ResponseHead& head() { return head_; }
  // Whether the connection can be used for another request. REQUIRES: kComplete.
  bool keep_alive() const { return head_.keep_alive && !until_close_; }

 private:
  void EndHead();

  const bool is_head_request_;
  const size_t header_bytes_max_;
  State state_ = State::kHead;
  std::optional<HeadScanner> scanner_;
  ResponseHead head_;
  std::optional<ChunkedDecoder> chunked_;
  uint64_t body_left_ = 0;
  bool until_close_ = false;
};

}  // namespace pano::http
