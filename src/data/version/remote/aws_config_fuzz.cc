// Any bytes as an AWS configuration file, a remote's URL, and what a signature is made of.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/curl/url.h"
#include "base/percent_encoding.h"
#include "data/version/remote/object_key.h"
#include "data/version/remote/s3/aws_settings.h"
#include "data/version/remote/s3/s3_remote.h"
#include "data/version/remote/s3/sigv4.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  using namespace pano::remote;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto sections = ParseAwsConfig(text);
  if (!sections.ok())
    PANO_CHECK(sections.error().message().starts_with("line ") ||
               sections.error().message().starts_with("has more"));
  const auto place = S3Remote::ParseUrl(text);
  if (place.ok()) PANO_CHECK(place->first.find('/') == std::string::npos);
  const std::string encoded = PercentEncode(text, Slashes::kKept);
  for (const char c : encoded) PANO_CHECK(c > ' ' && c < 0x7f);
  const std::string query = CanonicalQuery({{text, "x"}, {"a", text}});
  PANO_CHECK(query.find('\n') == std::string::npos);
  if (const auto oid = ObjectIdOfKey(text)) PANO_CHECK(ObjectKey(*oid) == text);
  PANO_CHECK(ShownUrl(text).find('\n') == std::string::npos);
  return 0;
}
