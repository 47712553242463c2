#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::hub {

// The place of one repository in the hub's cache, in the layout of huggingface_hub:
//
//   models--ORG--NAME/blobs/<etag>                contents, named by their hash
//   models--ORG--NAME/snapshots/<commit>/<path>   relative links to the blobs
//   models--ORG--NAME/refs/<revision>             the commit that a branch or tag was at
//   .locks/models--ORG--NAME/<etag>.lock          held (flock) while the blob is written
//
// Paths alone; nothing is opened. A value.
class RepoCache {
 public:
  // REQUIRES: IsRepoName(repo).
  RepoCache(std::string cache_folder, std::string_view repo);

  const std::string& folder() const { return folder_; }
  std::string BlobPath(std::string_view etag) const;
  // The part of a blob that is there so far. The name is ours: huggingface_hub would take another
  // writer's <etag>.incomplete for a prefix of the blob, which ours is not.
  std::string PartialPath(std::string_view etag) const;
  std::string LockPath(std::string_view etag) const;
  std::string LockFolder() const;
  std::string SnapshotFolder(std::string_view commit) const;
  std::string RefPath(std::string_view revision) const;
  // What a link at `path` in a snapshot says: "../../blobs/<etag>".
  static std::string LinkTarget(std::string_view path, std::string_view etag);

 private:
  std::string cache_folder_, name_, folder_;
};

// The end of a part's name; huggingface_hub counts such files as leftovers that may be deleted.
inline constexpr std::string_view kPartialSuffix = ".pano.incomplete";

// "ORG/NAME" of the folder "models--ORG--NAME"; "" for any other name.
std::string RepoOfFolder(std::string_view folder_name);

// The commit that refs/<revision> names, or the revision itself when it is a commit. NotFound where the
// cache knows none; Corruption where the file holds something else.
Result<std::string> ReadRef(const RepoCache& cache, std::string_view revision);

// The paths of the files below `folder` (a snapshot), sorted, that can be opened: a link to a missing
// blob is left out. At most `files_max`, beyond which Exhausted.
Result<std::vector<std::string>> ListSnapshot(const std::string& folder, size_t files_max = 100'000);

}  // namespace pano::hub
