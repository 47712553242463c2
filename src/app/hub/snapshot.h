#pragma once

#include <string>
#include <string_view>

#include "app/hub/repo_cache.h"
#include "base/status.h"

namespace pano::hub {

// Makes snapshots/<commit>/<path> lead to the blob. A link that leads elsewhere is replaced.
// REQUIRES: IsCommit(commit), IsFilePath(path); the blob is there.
Status LinkFile(const RepoCache& cache, std::string_view commit, std::string_view path,
                std::string_view etag);

// Makes refs/<revision> name the commit, in one step and synced. A revision that is a commit has no
// ref. REQUIRES: IsRevision(revision), the folder of locks exists.
Status WriteRef(const RepoCache& cache, std::string_view revision, std::string_view commit);

}  // namespace pano::hub
