#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "app/http/http.h"
#include "app/http/url.h"
#include "base/result.h"
#include "base/transport.h"

namespace pano::http {

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds quiet_timeout{120'000};  // no byte read or written for this long
  size_t body_bytes_max = 64 << 20;                  // of an answer that is kept whole
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";  // appended to the URL's path
  Headers headers = {};      // Host and Content-Length are added
  std::string body = {};
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;

  // Case-insensitive; "" when absent.
  std::string_view Header(std::string_view name) const;
};

// One connection to one server, kept alive between calls and opened again when it was closed. Plain
// HTTP/1.1, blocking. Thread-compatible, except for Cancel.
class Client {
 public:
  explicit Client(Url url, ClientOptions options = {}, Transport& transport = Transport::Real())
      : url_(std::move(url)), options_(options), transport_(transport) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // With a sink the body of a 2xx answer goes there piece by piece as it arrives and not into the
  // response; the sink answers whether it wants more (if not: Cancelled, and the connection is
  // closed). Unavailable (no connection, or broken), Deadline, Cancelled, Corruption (no HTTP),
  // Exhausted.
  using BodySink = std::function<bool(std::string_view bytes)>;
  Result<ClientResponse> Send(const ClientRequest& request, const BodySink& sink = {});

  // Ends the call at hand and all later ones with Cancelled. Thread-safe.
  void Cancel() { stop_.request_stop(); }

 private:
  Status Connect();
  Status SendAll(std::string_view bytes);
  Result<size_t> ReadSome(std::span<std::byte> buffer);  // 0: end of file
  Result<ClientResponse> Exchange(const std::string& bytes, bool is_head_request,
                                  const BodySink& sink, bool* any_byte);
  // The failure of a call of the transport, with what was wanted of whom.
  Status Failed(const Status& why, std::string_view action,
                std::chrono::milliseconds timeout) const;
  void Disconnect() { connection_.reset(); }

  const Url url_;
  const ClientOptions options_;
  Transport& transport_;
  std::stop_source stop_;
  std::unique_ptr<pano::Connection> connection_;  // null when not connected
};

}  // namespace pano::http
