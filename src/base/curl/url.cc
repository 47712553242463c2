#include "base/curl/url.h"

#include <curl/curl.h>

#include <memory>
#include <optional>

#include "base/strings.h"

namespace pano {
namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

constexpr size_t kUrlBytesMax = 16u << 10;

// Null where `url` is no URL.
Handle Parse(const std::string& url) {
  Handle handle(curl_url(), &curl_url_cleanup);
  if (!handle || url.size() > kUrlBytesMax ||
      curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    handle.reset();
  }
  return handle;
}

std::optional<std::string> Part(CURLU* handle, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(handle, part, &text, flags) != CURLUE_OK) return std::nullopt;
  std::string out = text;
  curl_free(text);
  return out;
}

}  // namespace

Result<Origin> OriginOf(const std::string& url) {
  const Handle handle = Parse(url);
  if (!handle) return InvalidArgument(StrCat("'", Printable(url, 200), "' is no URL"));
  Origin origin;
  origin.scheme = ToLower(Part(handle.get(), CURLUPART_SCHEME).value_or(""));
  origin.host = ToLower(Part(handle.get(), CURLUPART_HOST).value_or(""));
  const std::optional<int64_t> port =
      ParseInt(Part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or(""));
  if ((origin.scheme != "http" && origin.scheme != "https") || origin.host.empty() || !port) {
    return InvalidArgument(StrCat("'", ShownUrl(url), "' is no http or https URL"));
  }
  origin.port = static_cast<uint16_t>(*port);
  return origin;
}

Result<std::string> ResolveLocation(const std::string& base, const std::string& location) {
  const Handle handle = Parse(base);
  if (!handle) return InvalidArgument(StrCat("'", Printable(base, 200), "' is no URL"));
  if (location.empty() || location.size() > kUrlBytesMax ||
      curl_url_set(handle.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    return Corruption(StrCat(ShownUrl(base), ": redirects to '", Printable(location), "', which is no URL"));
  }
  std::string url = Part(handle.get(), CURLUPART_URL).value_or("");
  Result<Origin> to = OriginOf(url);
  if (!to.ok()) return Corruption(StrCat(ShownUrl(base), ": redirects to ", to.error().message()));
  PANO_ASSIGN_OR_RETURN(const Origin from, OriginOf(base));
  if (from.scheme == "https" && to->scheme != "https") {
    return Corruption(StrCat(ShownUrl(base), ": redirects from https to ", to->scheme));
  }
  return url;
}

std::string ShownUrl(const std::string& url) {
  std::string shown = url.substr(0, url.find_first_of("?#"));
  const size_t scheme = shown.find("://");
  const size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const size_t at = shown.rfind('@', shown.find('/', host));   // a password may hold an '@' too
  if (at != std::string::npos && at >= host) shown.erase(host, at + 1 - host);
  return Printable(shown, 300);
}

}  // namespace pano
