#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace pano::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;         // "GET"
  std::string target;         // as sent, with the query
  std::string path;           // percent-decoded once; ill-formed escapes were answered 400
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  Headers headers;
  std::string body;           // as the handler wants it: chunks joined, gzip undone
  std::string peer;           // "127.0.0.1:4711"
  bool secure = false;        // came over TLS
  // SHA-256 of the DER of the TLS client certificate in base64url (x5t#S256 of RFC 8705); "": none.
  std::string client_certificate_sha256;
  std::string id;  // X-Request-Id as sent when it is [A-Za-z0-9._-]{1,64}, else made here

  // Case-insensitive; "" when absent.
  std::string_view Header(std::string_view name) const;
  std::optional<std::string_view> Query(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers;            // Content-Length, Date, Connection and X-Request-Id are added
  std::string body;
  // Let go once the answer has left, or cannot any more: what its memory is accounted by.
  std::shared_ptr<void> held = {};
};

// One request and the way to answer it, now or later, from any thread. Held by shared_ptr; dropped
// without an answer it sends 500. All methods are thread-safe and never block, but what concerns
// the body is for one thread at a time.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Its body is empty once it was taken.
  virtual const Request& request() const = 0;
  // The body, for whoever reads it. It counts as held (ServerOptions::body_bytes_total_max) until
  // ReleaseBody, or until the exchange ends: call that when neither it nor what was parsed from it
  // is needed any more.
  virtual std::string TakeBody() = 0;
  virtual void ReleaseBody() = 0;

  // The whole answer. Once, and not after BeginStream.
  virtual void Respond(Response response) = 0;

  // A chunked answer: headers now, then Write any number of times, then Finish.
  virtual void BeginStream(int status, Headers headers) = 0;
  // Queues `data`; false when the peer is gone. The caller keeps the queue short by pending_bytes.
  virtual bool Write(std::string data) = 0;
  virtual void Finish() = 0;
  // Ends a stream without its end, of which the rest cannot be had: the connection closes and the client sees that
  // it was cut. An exchange that is dropped ends so as well, as a mistake that is logged.
  virtual void CutOff() {}
  virtual size_t pending_bytes() const = 0;

  // `callback` runs on this connection's thread whenever the queue of a stream has drained.
  virtual void OnDrained(std::function<void()> callback) = 0;
  // `callback` runs once, on this connection's thread, when the peer has gone before the answer was
  // complete (end of file on its side included, while a stream is open), or at once if it has
  // already.
  virtual void OnClosed(std::function<void()> callback) = 0;
  // Runs `task` on this connection's thread, in order with its other callbacks.
  virtual void Post(std::function<void()> task) = 0;
  // Runs `task` on this connection's thread after `delay`, unless the exchange is over by then.
  virtual void PostAfter(std::chrono::milliseconds delay, std::function<void()> task) = 0;
};

using Handler = std::function<void(std::shared_ptr<Exchange>)>;

// Files in PEM, read again when they change. A value.
struct TlsOptions {
  std::string certificate_file;  // the server's certificate, then what leads to its authority; "": no TLS
  std::string key_file;
  std::string client_ca_file;    // of authorities whose client certificates are taken; "": none are asked for

  bool enabled() const { return !certificate_file.empty(); }
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;                  // 0: the system picks; see Server::port
  int listen_descriptor = -1;            // a socket that listens already; it replaces host and port
  TlsOptions tls = {};
  int threads = 2;
  size_t header_bytes_max = 16 << 10;
  size_t body_bytes_max = 4 << 20;
  // Of the bodies of all requests together that are being read or held: one more is answered 503.
  size_t body_bytes_total_max = 256 << 20;
  // One more is answered 503 and closed. 0: see FitConnections (descriptor_limit.h).
  size_t connections_max = 0;
  // First byte to last header; with TLS as much before that for the handshake.
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{30'000};      // and no slower than that for the body
  std::chrono::milliseconds idle_timeout{60'000};      // keep-alive
  // A peer has to take 64 KiB of an answer in each such time, or all that there is.
  std::chrono::milliseconds write_timeout{30'000};
};

struct ServerStats {
  int64_t connections = 0;               // open now
  int64_t requests = 0;                  // parsed whole, ever
  int64_t refused = 0;  // answered by the server itself: limits, timeouts, bad requests
};

// HTTP/1.1 over TCP, or over TLS: keep-alive, pipelining in order, chunked bodies both ways, limits
// on everything. Knows no route and no model: every well-formed request goes to the one handler.
// Errors that the server finds itself are answered with what `error_body` makes of them, headers
// included. Thread-safe.
class Server {
 public:
  // What went wrong, and what is known by then of the request.
  struct OwnError {
    int status;
    std::string_view message;
    std::string_view request_id;  // as sent, else made here
    std::string_view origin;      // Origin as sent; "": none, or the head was not read
  };
  using ErrorBody = std::function<Response(const OwnError& error)>;
  // What becomes of a request by its head.
  struct HeadVerdict {
    std::optional<Response> refusal = {};  // the answer; the body is not read and the connection closed
    bool later = false;                    // not known yet: nothing is read until `decide` was called
  };
  // The same, later: from any thread, once.
  using Decide = std::function<void(std::optional<Response> refusal)>;
  // Looks at a request whose head is there and whose body is larger than kReadBytesAnyway, before that is
  // read. Runs on the connection's thread; `head` is there for the call only. A decision that does not come
  // within body_timeout is answered 408.
  using HeadCheck = std::function<HeadVerdict(const Request& head, Decide decide)>;
  // Bodies up to here are read whoever sends them, so that the connection can be kept.
  static constexpr size_t kReadBytesAnyway = 16 << 10;

  // Binds and starts listening. Unavailable (address in use, with the address), InvalidArgument;
  // what is wrong with a certificate.
  // `clock` measures Drain's time limit and outlives the server; the limits of connections go by
  // the event loop's own timers.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, Handler handler,
                                               ErrorBody error_body = {},
                                               Clock& clock = Clock::Real(),
                                               HeadCheck head_check = {});
  virtual ~Server() = default;           // stops at once

  virtual uint16_t port() const = 0;
  virtual ServerStats GetStats() const = 0;
  // Stops listening, closes idle connections, lets open exchanges end (new requests on kept-alive
  // connections get `Connection: close`). Returns whether all ended before `timeout`.
  virtual bool Drain(std::chrono::milliseconds timeout) = 0;
};

}  // namespace pano::http
