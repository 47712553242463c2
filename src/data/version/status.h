#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/version/comparison.h"
#include "data/version/index.h"
#include "data/version/workspace.h"

namespace pano::data {

// Reads the manifest of an output that the cache does not have, from where its objects are kept. NotFound: there is none.
using ManifestReader = std::function<Result<DataTree>(const Output& output)>;
// Paths ("d/" for folders) of those outputs' objects that their remotes do not have.
using RemoteCheck = std::function<Result<std::vector<std::string>>(const std::vector<Output>& outputs, bool granular)>;

// Whether an object that the cache lacks can be had on this machine all the same: in chunks.
using HeldElsewhere = std::function<bool(const ObjectId& id)>;

// What a command that compares works with.
struct CompareContext {
  Workspace& workspace;
  StageOutputs stages;           // may be empty
  ManifestReader manifests;      // may be empty
  HeldElsewhere held = {};       // may be empty
};

struct StatusOptions {
  bool granular = false;
  bool unchanged = false;
  std::vector<std::string> targets;   // from the root; empty: everything
  RemoteCheck not_in_remote;          // empty: not asked
};

// `dvc data status`: the workspace against the .dvc files ("uncommitted"), those against HEAD ("committed"), what the
// cache lacks, as the JSON object that DVC prints. Absent keys are empty.
Result<json::Value> DataStatus(const CompareContext& context, const StatusOptions& options);

struct DiffOptions {
  std::string a = "HEAD", b;     // revisions; b empty: the workspace
  bool hashes = false;
};
// `dvc diff`, as the JSON object that DVC prints; empty where nothing differs.
Result<json::Value> Diff(const CompareContext& context, const DiffOptions& options);

}  // namespace pano::data
