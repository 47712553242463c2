#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::repository {

// The name of the file, in a version's folder, that says what belongs to it: with one, a folder is
// complete exactly when all of it is there; without one, once nothing has changed for a while.
inline constexpr std::string_view kManifestName = "manifest.json";
inline constexpr size_t kManifestBytesMax = 1 << 20;
inline constexpr size_t kManifestFilesMax = 4096;

// {"files": {"model.safetensors": 1234, "config.json": 567}}: names and sizes in bytes.
using Manifest = std::map<std::string, uint64_t, std::less<>>;

// InvalidArgument says what is wrong and where. Names are those of files in the folder itself; members
// beside "files" are passed over.
Result<Manifest> ParseManifest(std::string_view text);

}  // namespace pano::repository
