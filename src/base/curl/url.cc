#include "base/curl/url.h"

#include <memory>
#include <optional>

#include "base/curl/library.h"
#include "base/strings.h"

namespace pano {
namespace {

constexpr size_t kUrlBytesMax = 16u << 10;

// A URL in its parts. Confined to one call.
class ParsedUrl {
 public:
  // Nothing where `url` is no URL.
  static Result<std::optional<ParsedUrl>> Parse(const std::string& url) {
    PANO_ASSIGN_OR_RETURN(const CurlLibrary* curl, CurlLibrary::Load());
    std::optional<ParsedUrl> parsed(ParsedUrl{*curl});
    if (!parsed->handle_ || !parsed->Set(url)) parsed.reset();
    return parsed;
  }

  // Takes a whole URL, or one that is meant from here. False where it is none.
  bool Set(const std::string& url) {
    return url.size() <= kUrlBytesMax &&
           curl_->url_set(handle_.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
  }
  // Empty where it has no such part.
  std::string Part(CURLUPart part, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_->url_get(handle_.get(), part, &text, flags) != CURLUE_OK) return "";
    std::string out = text;
    curl_->free(text);
    return out;
  }

 private:
  explicit ParsedUrl(const CurlLibrary& curl)
      : curl_(&curl), handle_(curl.url(), curl.url_cleanup) {}

  const CurlLibrary* curl_;
  std::unique_ptr<CURLU, decltype(&::curl_url_cleanup)> handle_;
};

}  // namespace

Result<Origin> OriginOf(const std::string& url) {
  PANO_ASSIGN_OR_RETURN(const std::optional<ParsedUrl> parsed, ParsedUrl::Parse(url));
  if (!parsed) return InvalidArgument(StrCat("'", Printable(url, 200), "' is no URL"));
  Origin origin;
  origin.scheme = ToLower(parsed->Part(CURLUPART_SCHEME));
  origin.host = ToLower(parsed->Part(CURLUPART_HOST));
  const std::optional<int64_t> port = ParseInt(parsed->Part(CURLUPART_PORT, CURLU_DEFAULT_PORT));
  if ((origin.scheme != "http" && origin.scheme != "https") || origin.host.empty() || !port) {
    return InvalidArgument(StrCat("'", ShownUrl(url), "' is no http or https URL"));
  }
  origin.port = static_cast<uint16_t>(*port);
  return origin;
}

Result<std::string> ResolveLocation(const std::string& base, const std::string& location) {
  PANO_ASSIGN_OR_RETURN(std::optional<ParsedUrl> parsed, ParsedUrl::Parse(base));
  if (!parsed) return InvalidArgument(StrCat("'", Printable(base, 200), "' is no URL"));
  if (location.empty() || !parsed->Set(location)) {
    return Corruption(StrCat(ShownUrl(base), ": redirects to '", Printable(location), "', which is no URL"));
  }
  std::string url = parsed->Part(CURLUPART_URL);
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
