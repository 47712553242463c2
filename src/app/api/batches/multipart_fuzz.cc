// Forms with files, as anybody may send them: the first line is the Content-Type.
#include <cstdint>
#include <string_view>

#include "app/api/batches/multipart.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string_view body = text.substr(line + 1);
  const auto parts = api::batches::ParseMultipart(text.substr(0, line), body);
  if (!parts.ok()) {
    PANO_CHECK(parts.error().code() == StatusCode::kInvalidArgument);
    return 0;
  }
  PANO_CHECK(parts->size() <= api::batches::kPartsMax);
  size_t bytes = 0;
  for (const api::batches::FormPart& part : *parts) {
    PANO_CHECK(!part.name.empty());
    bytes += part.content.size();
  }
  PANO_CHECK(bytes <= body.size());
  return 0;
}
