#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/curl/url.h"
#include "base/retry.h"
#include "data/version/remote/http/http_client.h"
#include "data/version/remote/remote.h"

namespace pano::remote {

struct HttpRemoteOptions {
  std::string url;  // "https://host/path": keys stand below it
  std::vector<std::pair<std::string, std::string>>
      headers;  // sent with each request: Authorization, ...
  HttpOptions http;
  RetryOptions retry;
  int jobs = 16;
};

// A web server that hands out objects: read only. Thread-safe.
class HttpRemote final : public Remote {
 public:
  explicit HttpRemote(HttpRemoteOptions options, Clock& clock = Clock::Real());

  Result<std::vector<bool>> Exists(const std::vector<std::string>& keys,
                                   const std::stop_token& stop) override;
  Status List(const std::string& prefix, const OnEntry& on_entry,
              const std::stop_token& stop) override;
  Status Get(const std::string& key, uint64_t offset, const OnBytes& on_bytes,
             const std::stop_token& stop) override;
  Status Put(const std::string& key, const PutSource& source, const std::stop_token& stop) override;
  Status Remove(const std::string& key, const std::stop_token& stop) override;
  std::string Name() const override { return ShownUrl(options_.url); }
  int jobs_hint() const override { return options_.jobs; }

 private:
  HttpRequest Request(const std::string& method, const std::string& key) const;
  Status Judge(const HttpAnswer& answer, const std::string& key) const;
  Status ReadOnly() const;

  const HttpRemoteOptions options_;
  Clock& clock_;
  HttpClient http_;
};

}  // namespace pano::remote
