#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/transport.h"

namespace pano::chat {

struct HttpCall {
  std::string method = "GET";
  std::string path;  // appended to the server's URL
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpReply {
  int status = 0;
  std::string body;  // of answers that are no success; of others too where there is no sink
  std::string location, retry_after;
};

// Calls of one server, plain or encrypted. Redirections are not followed: what is sent is for this
// server only. Confined to one thread.
class HttpCaller {
 public:
  virtual ~HttpCaller() = default;
  // The body of a 2xx answer goes piece by piece to the sink, which says whether it wants more (if not:
  // Cancelled). Cancelled also after `stop`.
  using Sink = std::function<bool(std::string_view)>;
  virtual Result<HttpReply> Send(const HttpCall& call, const Sink& sink,
                                 const std::stop_token& stop) = 0;
};

struct HttpCallerOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds quiet_timeout{600'000};  // without a byte
  size_t body_bytes_max = 16 << 20;                  // of an answer that is kept whole
};

// For http:// (and addresses without a scheme) over `transport`; for https:// over libcurl, whose
// server has to show a certificate that is trusted (base/trusted_certificates.h).
Result<std::unique_ptr<HttpCaller>> MakeHttpCaller(const std::string& url,
                                                   const HttpCallerOptions& options,
                                                   Transport& transport);

}  // namespace pano::chat
