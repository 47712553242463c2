#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace pano::bearer {

struct FetchedDocument {
  std::string body;
  std::optional<std::chrono::seconds> max_age;  // of Cache-Control, less Age; 0 for no-store and no-cache
};

// GET of small documents that issuers publish. Thread-safe.
class DocumentFetcher {
 public:
  virtual ~DocumentFetcher() = default;
  // Waits for the answer, for a bounded time. `url` is one that CheckKeysUrl takes. NotFound for 404 and 410;
  // Exhausted beyond `bytes_max`; Cancelled once `stop` is requested; Unavailable or Deadline else.
  virtual Result<FetchedDocument> Get(const std::string& url, size_t bytes_max, const std::stop_token& stop) = 0;
};

struct FetchLimits {
  std::chrono::milliseconds connect{3'000};
  std::chrono::milliseconds whole{5'000};
};

// Over libcurl: https with the certificate checked (by the system's authorities, or those of the file that
// SSL_CERT_FILE names), plain http to loopback alone, no redirects.
std::unique_ptr<DocumentFetcher> MakeHttpFetcher(FetchLimits limits = {});

}  // namespace pano::bearer
