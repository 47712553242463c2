#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "data/version/output.h"
#include "data/version/sync/sync.h"
#include "data/version/workspace.h"

namespace pano::data {

struct ImportOptions {
  std::string
      from;  // a repository's folder or its git URL; for ImportUrl a path, http: or https: URL
  std::string
      path;  // in the repository: an output, or a file or folder in one; of ImportUrl unused
  std::string revision;  // of git; "" = what is checked out there
  std::string out;       // from our root; where nothing stands
  SyncOptions sync;
};

// Data of another repository at a revision, checked out at `out`, with "<out>.dvc" that says where
// it came from, as `dvc import` writes it. Answers the output. NotFound names what the other
// repository or its remote does not have.
Result<Output> ImportFromRepository(Workspace& workspace, const ImportOptions& options);

// A file from a path or URL, as `dvc import-url` does.
Result<Output> ImportUrl(Workspace& workspace, const ImportOptions& options);

// The MD5 that DVC keeps at the top of such a file: of its entries as sorted JSON, less sizes and
// descriptions.
std::string ImportDigest(const json::Value& deps, const json::Value& outs);

}  // namespace pano::data
