#include "app/auth/bearer/document_fetcher.h"

#include <curl/curl.h>

#include <algorithm>
#include <string_view>

#include "app/auth/bearer/issuer_settings.h"
#include "base/curl/set_up.h"
#include "base/env.h"
#include "base/strings.h"
#include "base/trusted_certificates.h"

namespace pano::bearer {
namespace {

constexpr size_t kHeaderBytesMax = 64u << 10;
constexpr int64_t kMaxAgeMax = 366 * 86400;   // seconds

// What libcurl's callbacks need of one GET.
struct Exchange {
  const std::stop_token* stop = nullptr;
  size_t bytes_max = 0, header_bytes = 0;
  std::string body;
  bool too_large = false;
  std::optional<int64_t> max_age;
  int64_t age = 0;

  static size_t OnHeader(char* data, size_t, size_t size, void* self) {
    return static_cast<Exchange*>(self)->TakeHeader({data, size}) ? size : 0;
  }
  static size_t OnBody(char* data, size_t, size_t size, void* self) {
    return static_cast<Exchange*>(self)->TakeBody({data, size}) ? size : 0;
  }
  static int OnTick(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Exchange*>(self)->stop->stop_requested() ? 1 : 0;
  }

  bool TakeHeader(std::string_view line) {
    header_bytes += line.size();
    too_large = header_bytes > kHeaderBytesMax;
    if (too_large) return false;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    const std::string name = ToLower(line.substr(0, colon));
    const std::string_view value = Trim(line.substr(colon + 1));
    if (name == "age") age = std::clamp<int64_t>(ParseInt(value).value_or(0), 0, kMaxAgeMax);
    if (name == "cache-control") TakeCacheControl(value);
    return true;
  }

  void TakeCacheControl(std::string_view value) {
    constexpr std::string_view kMaxAge = "max-age=";
    for (std::string_view part : Split(value, ',')) {
      const std::string directive = ToLower(Trim(part));
      if (directive == "no-store" || directive == "no-cache") max_age = 0;
      if (!directive.starts_with(kMaxAge) || max_age == 0) continue;
      const std::optional<int64_t> seconds = ParseInt(std::string_view(directive).substr(kMaxAge.size()));
      if (seconds && *seconds >= 0) max_age = std::min(*seconds, kMaxAgeMax);
    }
  }

  bool TakeBody(std::string_view bytes) {
    too_large = bytes.size() > bytes_max - body.size();
    if (!too_large) body.append(bytes);
    return !too_large;
  }
};

Status FailureOf(CURLcode code, const char* detail) {
  std::string text = *detail ? Printable(detail, 200) : std::string(curl_easy_strerror(code));
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return Status(StatusCode::kUnavailable, std::move(text)).WithReason("certificate");
    case CURLE_OPERATION_TIMEDOUT:
      return Status(StatusCode::kDeadline, std::move(text));
    default:
      return Status(StatusCode::kUnavailable, std::move(text));
  }
}

class HttpFetcher final : public DocumentFetcher {
 public:
  explicit HttpFetcher(FetchLimits limits) : limits_(limits), ca_file_(TrustedCertificatesFile()) {
    SetUpCurl();
  }

  Result<FetchedDocument> Get(const std::string& url, size_t bytes_max, const std::stop_token& stop) override {
    PANO_RETURN_IF_ERROR(CheckKeysUrl(url));
    Result<FetchedDocument> document = GetChecked(url, bytes_max, stop);
    return std::move(document).Wrap(Printable(url, 200));
  }

 private:
  // Every setting that decides whom we talk to stands here.
  void SetUp(CURL* easy, const std::string& url) const {
    const bool loopback = IsLoopbackHttp(url);
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, loopback ? "http" : "https");
    if (loopback) curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);   // what a proxy says is no answer
    if (!ca_file_.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file_.c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "pano");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits_.connect.count()));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limits_.whole.count()));
  }

  Result<FetchedDocument> GetChecked(const std::string& url, size_t bytes_max, const std::stop_token& stop) const {
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), curl_easy_cleanup);
    if (!easy) return Status(StatusCode::kExhausted, "libcurl cannot be started").WithReason("memory");
    Exchange exchange;
    exchange.stop = &stop;
    exchange.bytes_max = bytes_max;
    char detail[CURL_ERROR_SIZE] = "";
    SetUp(easy.get(), url);
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
        curl_slist_append(nullptr, "Accept: application/json"), curl_slist_free_all);
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, &Exchange::OnHeader);
    curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &exchange);
    curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &Exchange::OnBody);
    curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &exchange);
    curl_easy_setopt(easy.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy.get(), CURLOPT_XFERINFOFUNCTION, &Exchange::OnTick);
    curl_easy_setopt(easy.get(), CURLOPT_XFERINFODATA, &exchange);
    const CURLcode code = curl_easy_perform(easy.get());
    if (stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
    if (exchange.too_large) {
      return Status(StatusCode::kExhausted, StrCat("answers with more than ", bytes_max, " bytes")).WithReason("too_large");
    }
    if (code != CURLE_OK) return FailureOf(code, detail);
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status == 404 || status == 410) return NotFound(StrCat("answered ", status));
    if (status != 200) return Status(StatusCode::kUnavailable, StrCat("answered ", status));
    FetchedDocument document;
    document.body = std::move(exchange.body);
    if (exchange.max_age) {
      document.max_age = std::chrono::seconds(std::max<int64_t>(*exchange.max_age - exchange.age, 0));
    }
    return document;
  }

  const FetchLimits limits_;
  const std::string ca_file_;
};

}  // namespace

std::unique_ptr<DocumentFetcher> MakeHttpFetcher(FetchLimits limits) { return std::make_unique<HttpFetcher>(limits); }

}  // namespace pano::bearer
