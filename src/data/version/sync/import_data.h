#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/retry.h"
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
  RetryOptions retry = {};   // of ImportUrl
};

// Data of another repository at a revision, checked out at `out`, with "<out>.dvc" that says where
// it came from, as `dvc import` writes it. Answers the output. NotFound names what the other
// repository or its remote does not have.
Result<Output> ImportFromRepository(Workspace& workspace, const ImportOptions& options);

// A file from a path or URL, as `dvc import-url` does. Redirects are followed; what came in part, of a server
// that changed it meanwhile or ended before its own word, is no file: nothing is left of it.
Result<Output> ImportUrl(Workspace& workspace, const ImportOptions& options);

// The name that data gets where none is asked for: the last part of a path or of a URL's path, as it stands
// there. "" where there is none.
std::string NameOfSource(std::string_view from);

// The MD5 that DVC keeps at the top of such a file: of its entries as sorted JSON, less sizes and
// descriptions.
std::string ImportDigest(const json::Value& deps, const json::Value& outs);

}  // namespace pano::data
