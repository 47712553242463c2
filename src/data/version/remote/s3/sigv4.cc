#include "data/version/remote/s3/sigv4.h"

#include <algorithm>
#include <ctime>
#include <span>

#include "base/percent_encoding.h"
#include "base/strings.h"
#include "data/version/remote/hmac.h"

namespace pano::remote {
namespace {

// White space at the ends goes, more than one within becomes one.
std::string Squeezed(std::string_view value) {
  std::string out;
  for (const char c : Trim(value)) {
    if (c == ' ' && out.ends_with(' ')) continue;
    out += c;
  }
  return out;
}

// Name in lower case and value of each header, sorted; values of one name joined by commas.
std::vector<std::pair<std::string, std::string>> CanonicalHeaders(const SigV4Request& request) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& [name, value] : request.headers)
    headers.emplace_back(ToLower(name), Squeezed(value));
  std::stable_sort(headers.begin(), headers.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::pair<std::string, std::string>> joined;
  for (auto& header : headers) {
    if (!joined.empty() && joined.back().first == header.first)
      joined.back().second += "," + header.second;
    else
      joined.push_back(std::move(header));
  }
  return joined;
}

std::string SignedNames(const SigV4Request& request) {
  std::string names;
  for (const auto& [name, value] : CanonicalHeaders(request))
    names += (names.empty() ? "" : ";") + name;
  return names;
}

}  // namespace

std::string CanonicalQuery(std::vector<std::pair<std::string, std::string>> query) {
  for (auto& [name, value] : query) {
    name = PercentEncode(name);
    value = PercentEncode(value);
  }
  std::sort(query.begin(), query.end());
  std::string out;
  for (const auto& [name, value] : query) out += StrCat(out.empty() ? "" : "&", name, "=", value);
  return out;
}

std::string CanonicalRequest(const SigV4Request& request) {
  std::string out = StrCat(request.method, "\n", PercentEncode(request.path, Slashes::kKept), "\n",
                           CanonicalQuery(request.query), "\n");
  for (const auto& [name, value] : CanonicalHeaders(request)) out += StrCat(name, ":", value, "\n");
  return StrCat(out, "\n", SignedNames(request), "\n", request.payload_sha256);
}

std::string AmzDate(int64_t unix_seconds) {
  const auto time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return std::string(text, size);
}

std::string Authorization(const SigV4Request& request, const AwsCredentials& credentials,
                          std::string_view amz_date, std::string_view region,
                          std::string_view service) {
  const std::string_view day = amz_date.substr(0, 8);
  const std::string scope = StrCat(day, "/", region, "/", service, "/aws4_request");
  const std::string to_sign = StrCat("AWS4-HMAC-SHA256\n", amz_date, "\n", scope, "\n",
                                     Sha256Hex(CanonicalRequest(request)));
  std::string key = HmacSha256("AWS4" + credentials.secret_key, day);
  for (const std::string_view part : {region, service, std::string_view("aws4_request")})
    key = HmacSha256(key, part);
  const std::string signature = HmacSha256(key, to_sign);
  return StrCat("AWS4-HMAC-SHA256 Credential=", credentials.access_key, "/", scope,
                ", SignedHeaders=", SignedNames(request),
                ", Signature=", ToHex(std::as_bytes(std::span(signature))));
}

}  // namespace pano::remote
