#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace pano::data {

// Which version of versioned data a file is: what a run keeps of the files that it learns from. A
// value.
struct DataReference {
  std::string id;          // the data version: the output's hash, "<md5>" or "<md5>.dir"
  std::string path;        // of the output, from the repository's root
  std::string file;        // inside the output; "" where the output is the file itself
  std::string source;      // what says so: "data.dvc", "dvc.lock"
  std::string commit;      // of git, what is checked out; "" without git
  bool committed = false;  // that commit says the same
  bool current = false;    // the file's bytes are those of the version
};

// The reference of the file at `path` (absolute, or from where the process stands), which is read
// if it is versioned. Nothing where it is not. A repository that cannot be read is a failure:
// callers for whom the reference is a side matter go on without it.
Result<std::optional<DataReference>> FindDataReference(const std::string& path);

json::Value ToJson(const DataReference& reference);
// Corruption unless it is what ToJson writes.
Result<DataReference> DataReferenceOf(const json::Value& value);

}  // namespace pano::data
