// manifest.json of a version's folder.
#include <cstdint>
#include <string_view>

#include "app/repository/manifest.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::repository;
  const pano::Result<Manifest> manifest =
      ParseManifest(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!manifest.ok()) return 0;
  PANO_CHECK(!manifest->empty() && manifest->size() <= kManifestFilesMax);
  for (const auto& [name, bytes] : *manifest) {
    PANO_CHECK(!name.empty() && name.find('/') == std::string::npos && name != "..");
  }
  return 0;
}
