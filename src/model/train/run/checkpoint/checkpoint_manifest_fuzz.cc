// The manifest of a checkpoint that somebody, or a broken disk, has written: what is taken prints
// as it parses and names files of its folder only.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/train/run/checkpoint/contents.h"
#include "model/train/run/checkpoint/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::train;
  const auto manifest = ParseManifest({reinterpret_cast<const char*>(data), size});
  if (!manifest.ok()) return 0;
  PANO_CHECK(manifest->step >= 0 && manifest->files.size() <= kManifestFilesMax);
  for (const Manifest::File& file : manifest->files) PANO_CHECK(IsPlainFileName(file.name));
  const auto again = ParseManifest(DumpManifest(*manifest));
  PANO_CHECK(again.ok() && *again == *manifest);
  return 0;
}
