#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::hub {

// A file of a repository at a commit. A value.
struct RepoFile {
  std::string path;              // IsFilePath
  std::optional<uint64_t> size;  // some mirrors do not say
  std::string etag;              // a known EtagKind; "" where a mirror does not say
};

// What a repository holds at a commit. A value.
struct RepoListing {
  std::string commit;  // IsCommit
  std::vector<RepoFile> files;

  // Null where there is no such file.
  const RepoFile* Find(std::string_view path) const;
  std::vector<std::string> Paths() const;
};

// Larger files than this are refused, so that sums of sizes cannot overflow.
inline constexpr uint64_t kFileBytesMax = uint64_t{1} << 44;
inline constexpr size_t kListingFilesMax = 200'000;

// The answer of GET /api/models/{repo}/revision/{revision}?blobs=true. Names that would leave the folder
// they are put in are left out: no file of a model is called so. Corruption for what is no such answer.
Result<RepoListing> ParseRepoListing(std::string_view text);

}  // namespace pano::hub
