#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/http/http.h"
#include "base/result.h"

namespace pano::grpc {

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8001;  // 0: the system picks; see Server::port
  http::TlsOptions tls = {};
  size_t message_bytes_max = 4 << 20;         // of one request
  size_t message_bytes_total_max = 256 << 20; // of all that are read or held; one more is RESOURCE_EXHAUSTED
  size_t metadata_bytes_max = 16 << 10;
  int calls_max = 4096;            // open at a time, idle streams included; one more is UNAVAILABLE
  int calls_per_connection = 128;  // HTTP/2's concurrent streams
  int requests_per_stream = 16;    // that are not answered yet; more are not read
  // A request has to come, and a peer to take what is sent, within these.
  std::chrono::milliseconds read_timeout{30'000}, write_timeout{30'000};
};

// What the server is for: methods by their paths. A call of one, or each message of a stream, becomes an
// http::Request (POST, the path, metadata as headers, the deadline as grpc-timeout, the message as body),
// and what its exchange answers goes back: 200 as a message, a stream as one message a Write, a failure as
// gRPC's status for the HTTP one, with the words of its JSON.
struct Service {
  struct Method {
    std::string_view path;  // "/inference.GRPCInferenceService/ModelInfer"
    bool streams = false;   // messages both ways
  };
  std::vector<Method> methods;
  http::Handler handle;
  http::Server::HeadCheck check_head;  // may refuse before the message is read, also later
  // The message that tells a stream of a failed request; `id` is what the request's answer has in its
  // header kStreamIdHeader. 401 and 403 end the stream instead.
  std::function<std::string(std::string_view message, std::string_view id)> stream_error;
};
inline constexpr char kStreamIdHeader[] = "Inference-Request-Id";

// gRPC over HTTP/2, by libgrpc++. Knows no message and no model. Thread-safe.
class Server {
 public:
  // Whether this build has it.
  static bool IsAvailable();
  // Binds and listens. Unimplemented in a build without it; Unavailable for an address in use;
  // InvalidArgument for certificates that cannot be used.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, Service service);
  virtual ~Server() = default;  // stops at once

  virtual uint16_t port() const = 0;
  virtual int open_calls() const = 0;
  // Takes no more calls and lets open ones end; those that have not by `timeout` are cancelled. Returns
  // whether all ended by themselves.
  virtual bool Drain(std::chrono::milliseconds timeout) = 0;
};

}  // namespace pano::grpc
