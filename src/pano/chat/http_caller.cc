#include "pano/chat/http_caller.h"

#include "app/http/client.h"
#include "base/strings.h"
#include "pano/chat/curl_caller.h"

namespace pano::chat {
namespace {

class PlainCaller final : public HttpCaller {
 public:
  PlainCaller(http::Url url, const HttpCallerOptions& options, Transport& transport)
      : url_(std::move(url)), options_(options), transport_(transport) {}

  Result<HttpReply> Send(const HttpCall& call, const Sink& sink,
                         const std::stop_token& stop) override {
    // One each: a client that was cancelled stays so.
    http::Client client(url_,
                        {.connect_timeout = options_.connect_timeout,
                         .quiet_timeout = options_.quiet_timeout,
                         .body_bytes_max = options_.body_bytes_max},
                        transport_);
    const std::stop_callback cancel(stop, [&] { client.Cancel(); });
    PANO_ASSIGN_OR_RETURN(
        http::ClientResponse response,
        client.Send({call.method, call.path, call.headers, call.body}, sink));
    return HttpReply{response.status, std::move(response.body),
                     std::string(response.Header("Location")),
                     std::string(response.Header("Retry-After"))};
  }

 private:
  const http::Url url_;
  const HttpCallerOptions options_;
  Transport& transport_;
};

}  // namespace

Result<std::unique_ptr<HttpCaller>> MakeHttpCaller(const std::string& url,
                                                   const HttpCallerOptions& options,
                                                   Transport& transport) {
  if (ToLower(url.substr(0, 8)) == "https://") return MakeCurlCaller(url, options);
  PANO_ASSIGN_OR_RETURN(http::Url parsed, http::ParseUrl(url));
  return std::unique_ptr<HttpCaller>(
      std::make_unique<PlainCaller>(std::move(parsed), options, transport));
}

}  // namespace pano::chat
