#include "pano/chat/curl_caller.h"

#include <curl/curl.h>

#include <array>

#include "base/strings.h"
#include "base/trusted_certificates.h"

namespace pano::chat {
namespace {

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

// One call under way, as libcurl's callbacks see it.
struct Transfer {
  CURL* easy;
  const HttpCaller::Sink& sink;
  const std::stop_token& stop;
  size_t body_bytes_max;
  HttpReply reply = {};
  bool refused = false;  // by the sink
  bool too_long = false;
};

size_t OnBody(char* bytes, size_t, size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  long status = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
  if (transfer.sink && status / 100 == 2) {
    if (transfer.sink({bytes, size})) return size;
    transfer.refused = true;
    return 0;
  }
  if (transfer.reply.body.size() + size > transfer.body_bytes_max) {
    transfer.too_long = true;
    return 0;
  }
  transfer.reply.body.append(bytes, size);
  return size;
}

size_t OnHeader(char* bytes, size_t, size_t size, void* user) {
  auto& reply = static_cast<Transfer*>(user)->reply;
  const std::string_view line(bytes, size);
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  const std::string name = ToLower(line.substr(0, colon));
  if (name == "location") reply.location = Trim(line.substr(colon + 1));
  if (name == "retry-after") reply.retry_after = Trim(line.substr(colon + 1));
  return size;
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stop.stop_requested() ? 1 : 0;
}

class CurlCaller final : public HttpCaller {
 public:
  CurlCaller(std::string url, const HttpCallerOptions& options)
      : url_(std::move(url)), options_(options), ca_file_(TrustedCertificatesFile()), easy_(curl_easy_init()) {}

  Result<HttpReply> Send(const HttpCall& call, const Sink& sink,
                         const std::stop_token& stop) override {
    CURL* easy = easy_.get();
    if (easy == nullptr) return Internal("libcurl cannot start");
    curl_easy_reset(easy);  // keeps the connection
    Transfer transfer{easy, sink, stop, options_.body_bytes_max};
    std::unique_ptr<curl_slist, FreeList> headers;
    for (const auto& [name, value] : call.headers) {
      headers.reset(curl_slist_append(headers.release(), StrCat(name, ": ", value).c_str()));
    }
    headers.reset(curl_slist_append(headers.release(), "Expect:"));  // no 100-continue
    const std::string url = url_ + call.path;
    std::array<char, CURL_ERROR_SIZE> error = {};
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!ca_file_.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file_.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options_.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(options_.quiet_timeout.count() / 1000));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error.data());
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, OnProgress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &transfer);
    if (call.method == "POST") {
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(call.body.size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call.body.data());
    }
    const CURLcode code = curl_easy_perform(easy);
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      transfer.reply.status = static_cast<int>(status);
      return std::move(transfer.reply);
    }
    return Failed(code, transfer, error.data());
  }

 private:
  Status Failed(CURLcode code, const Transfer& transfer, const char* detail) const {
    if (transfer.stop.stop_requested() || transfer.refused) {
      return Status(StatusCode::kCancelled, "the reader wants no more");
    }
    if (transfer.too_long) {
      return Status(StatusCode::kExhausted,
                    StrCat("the answer is longer than ", options_.body_bytes_max, " bytes"));
    }
    const std::string why = StrCat(Printable(url_, 200), ": ",
                                   *detail != '\0' ? Printable(detail, 200)
                                                   : std::string(curl_easy_strerror(code)));
    switch (code) {
      case CURLE_OPERATION_TIMEDOUT:
        return Status(StatusCode::kDeadline, why);
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
      case CURLE_SSL_CERTPROBLEM:
      case CURLE_SSL_ISSUER_ERROR:
        return Status(StatusCode::kPermissionDenied, why).WithReason("certificate");
      default:
        return Status(StatusCode::kUnavailable, why);
    }
  }

  const std::string url_;
  const HttpCallerOptions options_;
  const std::string ca_file_;
  const std::unique_ptr<CURL, FreeEasy> easy_;
};

}  // namespace

Result<std::unique_ptr<HttpCaller>> MakeCurlCaller(std::string url,
                                                   const HttpCallerOptions& options) {
  const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
  if (const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0)) {
    return InvalidArgument(StrCat("[url] '", Printable(url), "': ", curl_url_strerror(code)));
  }
  if (url.find_first_of("?#@ ") != std::string::npos) {
    return InvalidArgument(
        StrCat("[url] '", Printable(url), "' has a query, a fragment, a user or a space"));
  }
  while (url.ends_with('/')) url.pop_back();
  return std::unique_ptr<HttpCaller>(std::make_unique<CurlCaller>(std::move(url), options));
}

}  // namespace pano::chat
