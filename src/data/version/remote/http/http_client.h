#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pano::remote {

// A part of a file as a request's body.
struct FileBody {
  std::string path;
  uint64_t offset = 0, bytes = 0;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http: or https:
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // sent where `file` is not set
  std::optional<FileBody> file;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // what on_bytes did not take, up to body_bytes_max

  std::string Header(const std::string& name) const;
  // Seconds of Retry-After.
  std::optional<int64_t> RetryAfter() const;
};

struct HttpOptions {
  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::milliseconds stall_timeout{30'000};  // so long without 1 KiB/s
  size_t body_bytes_max = 8u << 20;                 // of an answer that is not streamed
  int redirects_max = 0;                            // that a GET or HEAD follows; 0: a redirect is an answer
  std::string ca_file;                              // "" = the system's
  bool verify = true;                               // the server's certificate
};

// HTTP over libcurl: connections are kept and used again, bodies are not decompressed. Thread-safe.
//
// Failures are those of the connection: Unavailable, Deadline, PermissionDenied (certificate); an
// answer of any status is an answer. A redirect that is followed never leads from https to http, and to
// another origin (scheme, host, port) it carries no header but Range, If-Match and Accept-Encoding: no
// credentials. Corruption where it leads nowhere, or more than redirects_max times on.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // With `on_bytes`, the body of a 2xx answer goes there in pieces, after on_head has seen status
  // and headers; the first failure of either ends the call and comes back.
  using OnHead = std::function<Status(const HttpAnswer& head)>;
  using OnBytes = std::function<Status(std::span<const std::byte> bytes)>;
  Result<HttpAnswer> Perform(const HttpRequest& request, const std::stop_token& stop,
                             const OnHead& on_head = nullptr, const OnBytes& on_bytes = nullptr);

 private:
  struct Pool;
  Result<HttpAnswer> PerformOnce(const HttpRequest& request, const std::stop_token& stop,
                                 const OnHead& on_head, const OnBytes& on_bytes);

  const HttpOptions options_;
  std::unique_ptr<Pool> pool_;
};

// The Status that an answer with this status means; ok for 2xx. `what` begins the message
// ("s3://bucket/key").
Status StatusOfAnswer(const HttpAnswer& answer, const std::string& what, const std::string& said);

}  // namespace pano::remote
