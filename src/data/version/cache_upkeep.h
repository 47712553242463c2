#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "data/version/index.h"
#include "data/version/status.h"
#include "data/version/workspace.h"

namespace pano::data {

struct VerifyReport {
  uint64_t checked = 0;
  std::vector<ObjectId> corrupt;   // sorted
};
// Hashes every object of the cache anew, whatever the state cache says of it.
Result<VerifyReport> VerifyCache(Workspace& workspace);

// Adds the objects of an index: those of its outputs and the files of their manifests. A manifest that is not to be had is
// added to `unknown` ("path (id)").
Status CollectUsed(const CompareContext& context, const Index& index, std::set<ObjectId>* used, std::vector<std::string>* unknown);

struct GarbageReport {
  uint64_t removed = 0, kept = 0;
};
// Removes the objects of the cache that are not in `used`. One that goes is gone whole; a process that ends in between
// leaves the rest.
Result<GarbageReport> RemoveUnused(Workspace& workspace, const std::set<ObjectId>& used);

}  // namespace pano::data
