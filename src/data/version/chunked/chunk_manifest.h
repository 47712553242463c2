#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/version/chunked/fast_cdc.h"

namespace pano::chunked {

// Bytes that lie side by side in a pack. A value.
struct Run {
  uint32_t pack = 0;    // index into Manifest::packs
  uint64_t offset = 0;  // in the pack's data
  uint64_t bytes = 0;
};

// How one version of a file is put together (docs/formats/chunked.md): JSON, named by the file's
// MD5. A value.
struct Manifest {
  std::string md5;  // of the whole file, 32 hexadecimal digits
  uint64_t bytes = 0;
  CutRule rule;
  std::vector<std::string> packs;  // names, 64 hexadecimal digits
  std::vector<Run> runs;

  std::string Text() const;
};

// Corruption unless it is a manifest whose parts fit together: sizes add up, packs exist in its
// list, names are names.
Result<Manifest> ParseManifest(std::string_view text);

bool IsPackName(std::string_view name);

}  // namespace pano::chunked
