// Any bytes as a manifest of chunks.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "data/version/chunked/chunk_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::chunked;
  const auto manifest = ParseManifest({reinterpret_cast<const char*>(data), size});
  if (!manifest.ok()) {
    PANO_CHECK(!manifest.error().message().empty());
    return 0;
  }
  uint64_t sum = 0;
  for (const Run& run : manifest->runs) {
    PANO_CHECK(run.pack < manifest->packs.size());
    sum += run.bytes;
  }
  PANO_CHECK(sum == manifest->bytes);
  const auto again = ParseManifest(manifest->Text());
  PANO_CHECK(again.ok() && again->Text() == manifest->Text());
  return 0;
}
