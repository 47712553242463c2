#pragma once

#include <string>
#include <vector>

#include "app/hub/cache_index.h"
#include "app/hub/cache_users.h"
#include "base/json.h"

namespace pano::cli {

// What is in the cache, as JSON for programs and as the source of what people read.

// {"name", "path", "commit", "refs", "files", "bytes", "modified", "used_by"} for each model: a folder of
// safetensors, or a GGUF by its type.
json::Value ListModels(const std::vector<hub::CachedRepo>& repos,
                       const std::vector<hub::CacheUser>& users);

// {"repository", "folder", "bytes", "incomplete_bytes", "revisions": [{"commit", "refs", "bytes",
// "files": [{"path", "bytes", "etag"}]}], "used_by"}.
json::Value ShowRepo(const hub::CachedRepo& repo, const std::vector<hub::CacheUser>& users);

// The text of the two.
std::string FormatList(const json::Value& models);
std::string FormatRepo(const json::Value& repo);

}  // namespace pano::cli
