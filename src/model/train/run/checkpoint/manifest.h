#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::train {

inline constexpr char kManifestName[] = "manifest.json";

// What a checkpoint's folder holds, with checksums: written when all else is on disk. docs/formats
// has the page checkpoint.md. A value.
struct Manifest {
  struct File {
    std::string name;
    uint64_t bytes = 0;
    std::string sha256;  // 64 lower-case hexadecimal digits
    bool operator==(const File&) const = default;
  };
  int64_t step = 0;
  int64_t best_step = -1;  // -1: nothing was measured yet
  std::vector<File> files;

  bool operator==(const Manifest&) const = default;
};

inline constexpr size_t kManifestBytesMax = 4 << 20;
inline constexpr size_t kManifestFilesMax = 10'000;

std::string DumpManifest(const Manifest& manifest);
// Corruption that says which field is wrong: bounds, plain names, digests.
Result<Manifest> ParseManifest(std::string_view text);

}  // namespace pano::train
