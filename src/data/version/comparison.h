#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/version/data_tree.h"
#include "data/version/object_id.h"

namespace pano::data {

// A file or folder in one of two states that are compared. A value.
struct ComparedSide {
  bool there = false;
  std::optional<ObjectId> id;        // empty: never committed
  const DataTree* tree = nullptr;    // of a folder; null: a file, or a manifest that is not to be had
  bool tree_missing = false;         // the latter
};

// One difference, by the path from the root ("d/" for a folder). A value.
struct Change {
  enum class Kind { kAdded, kDeleted, kModified, kRenamed, kUnchanged, kUnknown };
  Kind kind = Kind::kUnchanged;
  std::string path;                  // of a renamed one, where it is now
  std::string old_path;              // of a renamed one
  std::optional<ObjectId> old_id, new_id;
  bool folder_across = false;        // an added or deleted file, where a folder stood or stands
};

struct CompareOptions {
  bool granular = false;             // the files of folders, too
  bool unchanged = false;            // what is the same, too
};

// Appends the changes of the output at `path` from `before` to `after`, in DVC's terms. Of a folder whose manifest is
// missing, files that are there now are kUnknown.
void Compare(const std::string& path, const ComparedSide& before, const ComparedSide& after, const CompareOptions& options,
             std::vector<Change>* changes);

// Makes pairs of added and deleted ones with one content renamed ones: of several with the same, the first with the
// first, ordered part by part.
void FindRenames(std::vector<Change>* changes);

}  // namespace pano::data
