#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/version/data_tree.h"
#include "data/version/index.h"
#include "data/version/object_id.h"
#include "data/version/remote/remote.h"
#include "data/version/repository.h"
#include "data/version/workspace.h"

namespace pano::data {

struct SyncOptions {
  std::string remote = {};  // in place of core.remote; an output's own remote stays its own
  int jobs = 0;             // 0: the remote's setting
  std::stop_token stop = {};
  std::function<void(uint64_t bytes)> on_bytes = {};  // so many more moved; from any thread
};

struct SyncReport {
  uint64_t moved = 0, present = 0, bytes = 0;  // objects, objects that were there already
  std::vector<std::string> missing;            // "path (hash)": neither here nor there
};

// The remote of that name ("" = core.remote). InvalidArgument names it when the configuration has
// none, and says how to set one where there is no default.
Result<std::unique_ptr<remote::Remote>> OpenRemote(const Repository& repository,
                                                   const std::string& name, int jobs = 0);

// Puts what the remotes lack of the targets' objects: files first, then manifests. Outputs with
// push: false, cache: false or without a hash are passed over; of a part of a folder its files
// and the manifest are put, and a folder whose manifest is there already is passed over, as by DVC.
// A corrupt object is Corruption and not sent.
Result<SyncReport> Push(Workspace& workspace, const std::vector<Target>& targets,
                        const SyncOptions& options);

// Brings what the cache lacks of the targets' objects: manifests first. Each is hashed as it comes;
// a remote that gives something else is Corruption. Downloads that break off go on with the next
// call. What no remote has is reported in `missing`.
Result<SyncReport> Fetch(Workspace& workspace, const std::vector<Target>& targets,
                         const SyncOptions& options);

// The same from one place, whatever the configuration says; it is opened when something is missing.
using RemoteSource = std::function<Result<std::shared_ptr<remote::Remote>>()>;
Status FetchFrom(Workspace& workspace, const std::vector<Target>& targets,
                 const RemoteSource& source, const SyncOptions& options, SyncReport* report);

// Which of the targets' objects their remotes lack.
Result<std::set<ObjectId>> NotInRemote(Workspace& workspace, const std::vector<Target>& targets,
                                       const SyncOptions& options);

// The manifest of an output that the cache lacks, from its remote. NotFound, also where no remote is
// set or it cannot be reached; Corruption when it is not what its name says.
Result<DataTree> ManifestOnRemote(const Repository& repository, const Output& output);

// Paths ("d/" for folders; with `granular` also those of files in them) of the outputs' objects
// that their remotes lack.
Result<std::vector<std::string>> PathsNotInRemote(Workspace& workspace,
                                                  const std::vector<Output>& outputs,
                                                  bool granular);

// Removes objects of today's layout from the remote but those in `used`; answers how many.
Result<uint64_t> CollectRemote(const Repository& repository, const std::set<ObjectId>& used,
                               const SyncOptions& options);

}  // namespace pano::data
