#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "app/http/message/chunked.h"
#include "app/http/message/gzip.h"
#include "app/http/message/head.h"
#include "app/http/message/head_scanner.h"
#include "app/http/http.h"

namespace pano::http {

// From bytes to one Request; knows no socket. Everything that comes from the wire passes here, so
// this is what the fuzz target feeds. Thread-compatible.
class RequestParser {
 public:
  struct Limits {
    size_t header_bytes_max = 16 << 10;
    size_t body_bytes_max = 4 << 20;  // as sent, and again once gzip is undone
  };
  enum class State {
    kHead,      // the head is not complete
    kBody,      // the head is known, the body is not complete
    kComplete,  // request() is whole; Feed takes nothing more
    kRefused,   // see refusal(); the connection cannot be used any further
  };

  // How long the body of a request may be, by its head, where not all are held to the same.
  using BodyLimit = std::function<size_t(const Request& head)>;

  explicit RequestParser(Limits limits, BodyLimit body_limit = {});

  // Takes bytes of this request; returns how many. Returns early once, when the head is complete.
  size_t Feed(std::string_view bytes);

  State state() const { return state_; }
  const Refusal& refusal() const { return refusal_; }
  // From state kBody on. Peer and id are not known here.
  const RequestHead& head() const { return head_; }
  Request& request() { return request_; }
  // From state kBody on: a short body may become a long one.
  bool decompresses() const { return gzip_.has_value(); }

 private:
  void Refuse(int status, std::string message);
  void EndHead();
  bool ReadEncoding();
  size_t FeedBody(std::string_view bytes);
  void AddBody(std::string_view bytes);
  void EndBody();

  Limits limits_;
  const BodyLimit body_limit_;
  State state_ = State::kHead;
  Refusal refusal_;
  HeadScanner scanner_;
  RequestHead head_;
  Request request_;
  std::optional<ChunkedDecoder> chunked_;
  std::optional<GzipDecoder> gzip_;
  uint64_t body_left_ = 0;
};

// `sent` when it may serve as a request id ([A-Za-z0-9._-]{1,64}), else a new random one.
std::string ChooseRequestId(std::string_view sent);

}  // namespace pano::http
