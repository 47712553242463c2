#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pano::remote {

// An element of an S3 answer: a text or other elements. A value.
struct XmlElement {
  std::string name;  // without a namespace's prefix
  std::string text;  // entities replaced
  std::vector<XmlElement> children;

  const XmlElement* Find(std::string_view child) const;
  std::string Text(std::string_view child) const;  // "" when there is none
};

struct XmlLimits {
  size_t bytes_max = 16u << 20;
  size_t elements_max = 200'000;
  int depth_max = 16;
};

// The root of an XML document such as S3 answers with: elements, texts, CDATA, comments; attributes
// are passed over. Corruption for all else, document types (and with them entities that multiply)
// included.
Result<XmlElement> ParseXml(std::string_view text, const XmlLimits& limits = {});

std::string XmlEscaped(std::string_view text);

// ListObjectsV2.
struct S3Listing {
  std::vector<std::pair<std::string, uint64_t>> objects;  // key, size
  std::string next;                                       // continuation token; "" = this is all
};
Result<S3Listing> ParseListing(std::string_view text);

struct S3Part {
  int number = 0;
  uint64_t bytes = 0;
  std::string etag;  // without quotes
};
// ListParts; `next` is the marker of the next page, 0 when this is all.
Result<std::vector<S3Part>> ParseParts(std::string_view text, int* next);
// ListMultipartUploads: key, upload id, in the order of the answer.
Result<std::vector<std::pair<std::string, std::string>>> ParseUploads(std::string_view text);
// InitiateMultipartUpload: the upload's id.
Result<std::string> ParseInitiated(std::string_view text);
// "Code: Message" of an error; "" for what is none.
struct S3Error {
  std::string code, message, region;
};
S3Error ParseError(std::string_view text);

}  // namespace pano::remote
