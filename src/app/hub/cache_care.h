#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/hub/cache_index.h"
#include "app/hub/hub_settings.h"
#include "app/hub/model_name.h"
#include "base/result.h"

namespace pano::hub {

// --- removal

struct Removed {
  std::vector<std::string> files;  // paths in the repository, or "" where all of it went
  uint64_t bytes = 0;              // of disk that came free
};

// Removes from the cache what a name says: the whole repository ("hf:ORG/NAME"), a revision
// ("...@REVISION") or a model among others (":Q4_K_M"). Blobs that another snapshot uses stay. Names go
// before contents, so that no name ever leads to half a model. NotFound; Unavailable (reason "busy") while
// a pull writes there.
Result<Removed> RemoveModel(const ModelName& name, const HubSettings& settings);

// --- verification

// What is wrong with a file. A value.
struct Damage {
  std::string repo, commit, path;  // path "": of the repository
  std::string what;
};

struct Verified {
  uint64_t files = 0, bytes = 0;
  uint64_t unchecked = 0;  // whose names are no hash
  std::vector<Damage> damages;
};

// Reads every blob of the repository and compares it with its name; looks for links that lead nowhere.
// `on_progress` gets the bytes read so far.
Result<Verified> VerifyRepo(const CachedRepo& repo, const std::function<void(uint64_t)>& on_progress,
                            const std::stop_token& stop);

}  // namespace pano::hub
