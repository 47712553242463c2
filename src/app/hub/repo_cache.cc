#include "app/hub/repo_cache.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "app/hub/model_name.h"
#include "base/env.h"
#include "base/errno_status.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

constexpr std::string_view kFolderPrefix = "models--";
constexpr size_t kRefBytesMax = 4096;
constexpr int kDepthMax = 16;  // of folders in a snapshot

std::string FolderNameOf(std::string_view repo) {
  std::string name(kFolderPrefix);
  for (char c : repo) name += c == '/' ? std::string("--") : std::string(1, c);
  return name;
}

}  // namespace

RepoCache::RepoCache(std::string cache_folder, std::string_view repo)
    : cache_folder_(std::move(cache_folder)),
      name_(FolderNameOf(repo)),
      folder_(JoinPath(cache_folder_, name_)) {}

std::string RepoCache::BlobPath(std::string_view etag) const {
  return StrCat(folder_, "/blobs/", etag);
}

std::string RepoCache::PartialPath(std::string_view etag) const {
  return StrCat(BlobPath(etag), kPartialSuffix);
}

std::string RepoCache::LockFolder() const { return StrCat(cache_folder_, "/.locks/", name_); }

std::string RepoCache::LockPath(std::string_view etag) const {
  return StrCat(LockFolder(), "/", etag, ".lock");
}

std::string RepoCache::SnapshotFolder(std::string_view commit) const {
  return StrCat(folder_, "/snapshots/", commit);
}

std::string RepoCache::RefPath(std::string_view revision) const {
  return StrCat(folder_, "/refs/", revision);
}

std::string RepoCache::LinkTarget(std::string_view path, std::string_view etag) {
  std::string target = "../../";
  for (char c : path) {
    if (c == '/') target += "../";
  }
  return StrCat(target, "blobs/", etag);
}

std::string RepoOfFolder(std::string_view folder_name) {
  if (!folder_name.starts_with(kFolderPrefix)) return {};
  std::string repo;
  for (std::string_view rest = folder_name.substr(kFolderPrefix.size()); !rest.empty();) {
    if (rest.starts_with("--")) {
      repo += '/';
      rest.remove_prefix(2);
    } else {
      repo += rest.front();
      rest.remove_prefix(1);
    }
  }
  return IsRepoName(repo) ? repo : std::string();
}

Result<std::string> ReadRef(const RepoCache& cache, std::string_view revision) {
  if (IsCommit(revision)) return std::string(revision);
  const std::string path = cache.RefPath(revision);
  Result<std::string> text = ReadFile(path, kRefBytesMax);
  if (!text.ok()) return text.error();
  std::string commit(Trim(*text));
  if (!IsCommit(commit)) {
    return Corruption(StrCat(path, ": holds no commit but '", Printable(commit), "'"));
  }
  return commit;
}

Result<std::vector<std::string>> ListSnapshot(const std::string& folder, size_t files_max) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  if (error) return ErrnoStatus(error.value()).Wrap(folder);
  std::vector<std::string> paths;
  for (; it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it.depth() >= kDepthMax) it.disable_recursion_pending();
    std::error_code ignored;
    if (it->is_regular_file(ignored)) {
      paths.push_back(it->path().lexically_relative(folder).string());
      if (paths.size() > files_max) {
        return Status(StatusCode::kExhausted, StrCat(folder, ": holds more than ", files_max, " files"));
      }
    }
  }
  if (error) return ErrnoStatus(error.value()).Wrap(folder);
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace pano::hub
