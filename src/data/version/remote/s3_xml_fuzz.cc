// Any bytes as an answer of S3.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "data/version/remote/s3/s3_xml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::remote;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto root = ParseXml(text, {.bytes_max = 1 << 16, .elements_max = 5000});
  if (!root.ok()) PANO_CHECK(!root.error().message().empty());
  if (const auto listing = ParseListing(text); listing.ok()) {
    for (const auto& [key, bytes] : listing->objects)
      PANO_CHECK(!key.empty() && bytes <= static_cast<uint64_t>(INT64_MAX));
  }
  int next = 0;
  if (const auto parts = ParseParts(text, &next); parts.ok()) {
    for (const S3Part& part : *parts) PANO_CHECK(part.number >= 1 && part.number <= 10'000);
  }
  static_cast<void>(ParseUploads(text).ok());
  static_cast<void>(ParseInitiated(text).ok());
  static_cast<void>(ParseError(text));
  return 0;
}
