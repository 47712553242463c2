#include "base/curl/connection_failure.h"

#include <curl/curl.h>

#include "base/curl/library.h"
#include "base/curl/url.h"
#include "base/strings.h"

namespace pano {
namespace {

std::string MeaningOf(CURLcode code) {
  const Result<const CurlLibrary*> curl = CurlLibrary::Load();
  if (!curl.ok()) return StrCat("libcurl's error ", static_cast<int>(code));
  return (*curl)->easy_strerror(code);
}

}  // namespace

Status ConnectionFailure(int code, const std::string& url, const char* detail) {
  const auto curl_code = static_cast<CURLcode>(code);
  const std::string text =
      StrCat(ShownUrl(url), ": ",
             *detail != '\0' ? Printable(detail, 200) : MeaningOf(curl_code));
  switch (curl_code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
      return Status(StatusCode::kPermissionDenied, text).WithReason("certificate");
    case CURLE_OPERATION_TIMEDOUT:
      return Status(StatusCode::kDeadline, text);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return InvalidArgument(text);
    case CURLE_OUT_OF_MEMORY:
      return Status(StatusCode::kExhausted, text).WithReason("memory");
    default:
      return Status(StatusCode::kUnavailable, text);
  }
}

}  // namespace pano
