#include "app/hub/cache_care.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "app/hub/etag.h"
#include "app/hub/file_choice.h"
#include "app/hub/file_lock.h"
#include "app/hub/repo_cache.h"
#include "base/env.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReadBytes = 1u << 20;

// Locks of blobs, so that no pull writes them meanwhile.
Result<std::vector<FileLock>> LockAll(const RepoCache& cache, const std::set<std::string>& etags) {
  PANO_RETURN_IF_ERROR(MakeFolders(cache.LockFolder()));
  std::vector<FileLock> locks;
  for (const std::string& etag : etags) {
    PANO_ASSIGN_OR_RETURN(std::optional<FileLock> lock, FileLock::TryTake(cache.LockPath(etag)));
    if (!lock) {
      return Status(StatusCode::kUnavailable, StrCat(cache.folder(), ": a pull is writing there"))
          .WithReason("busy");
    }
    locks.push_back(std::move(*lock));
  }
  return locks;
}

Status RemoveFile(const std::string& path) {
  Status status = Env::Real().Remove(path);
  if (status.code() == StatusCode::kNotFound) return {};
  return status.Wrap(path);
}

// Removes empty folders from `path` up to `top`, which stays.
void RemoveEmptyFolders(std::string path, const std::string& top) {
  std::error_code error;
  while (path.size() > top.size() && path.starts_with(top)) {
    if (!fs::is_empty(path, error) || error || !fs::remove(path, error)) return;
    path = std::string(FolderName(path));
  }
}

Result<Removed> RemoveAll(const CachedRepo& repo, const RepoCache& cache) {
  std::set<std::string> etags;
  for (const CachedBlob& blob : repo.blobs) etags.insert(blob.etag);
  for (const std::string& path : repo.incomplete) {
    const std::string_view name = BaseName(path);
    etags.emplace(name.substr(0, name.find('.')));
  }
  PANO_ASSIGN_OR_RETURN(const std::vector<FileLock> locks, LockAll(cache, etags));
  Removed removed{{""}, repo.bytes};
  Env& env = Env::Real();
  for (const char* part : {"refs", "snapshots", "blobs", ""}) {
    PANO_RETURN_IF_ERROR(env.RemoveTree(JoinPath(repo.folder, part)).Wrap(repo.folder));
  }
  PANO_RETURN_IF_ERROR(env.RemoveTree(cache.LockFolder()).Wrap(cache.LockFolder()));
  return removed;
}

// One snapshot, or some of its files.
class SnapshotRemoval {
 public:
  SnapshotRemoval(const CachedRepo& repo, const RepoCache& cache, const CachedSnapshot& snapshot,
                  std::vector<std::string> files)
      : repo_(repo), cache_(cache), snapshot_(snapshot), files_(std::move(files)) {}

  Result<Removed> Run() {
    const std::set<std::string> going(files_.begin(), files_.end());
    const std::set<std::string> etags = NotUsedElsewhere(going);
    PANO_ASSIGN_OR_RETURN(const std::vector<FileLock> locks, LockAll(cache_, etags));
    if (going.size() == snapshot_.files.size()) PANO_RETURN_IF_ERROR(RemoveRefs());
    const std::string folder = PathIn(repo_, snapshot_, "");
    for (const std::string& path : files_) {
      const std::string whole = JoinPath(folder, path);
      PANO_RETURN_IF_ERROR(RemoveFile(whole));
      RemoveEmptyFolders(std::string(FolderName(whole)), std::string(FolderName(folder)));
    }
    Removed removed;
    removed.files = files_;
    for (const std::string& etag : etags) PANO_RETURN_IF_ERROR(RemoveFile(cache_.BlobPath(etag)));
    for (const CachedBlob& blob : repo_.blobs) {
      if (etags.contains(blob.etag)) removed.bytes += blob.bytes;
    }
    return removed;
  }

 private:
  std::set<std::string> NotUsedElsewhere(const std::set<std::string>& going) const {
    std::set<std::string> kept, gone;
    for (const CachedSnapshot& snapshot : repo_.snapshots) {
      for (const CachedFile& file : snapshot.files) {
        const bool goes = &snapshot == &snapshot_ && going.contains(file.path);
        if (!file.etag.empty()) (goes ? gone : kept).insert(file.etag);
      }
    }
    std::set<std::string> etags;
    std::set_difference(gone.begin(), gone.end(), kept.begin(), kept.end(), std::inserter(etags, etags.end()));
    return etags;
  }

  Status RemoveRefs() {
    for (const std::string& ref : snapshot_.refs) {
      const std::string path = cache_.RefPath(ref);
      PANO_RETURN_IF_ERROR(RemoveFile(path));
      RemoveEmptyFolders(std::string(FolderName(path)), JoinPath(repo_.folder, "refs"));
    }
    return {};
  }

  const CachedRepo& repo_;
  const RepoCache& cache_;
  const CachedSnapshot& snapshot_;
  const std::vector<std::string> files_;
};

// Empty where the content is right.
Result<std::string> CompareBlob(const std::string& path, const std::string& etag, uint64_t bytes,
                                uint64_t* read, const std::function<void(uint64_t)>& on_progress,
                                const std::stop_token& stop) {
  Digest digest = EtagDigest(KindOfEtag(etag), bytes);
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, Env::Real().Open(path, Env::OpenMode::kRead));
  std::vector<std::byte> buffer(kReadBytes);
  while (true) {
    if (stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
    PANO_ASSIGN_OR_RETURN(const size_t n, file->ReadSome(buffer));
    if (n == 0) break;
    digest.Update(std::span(buffer).first(n));
    *read += n;
    if (on_progress) on_progress(*read);
  }
  const std::string hash = digest.Hex();
  return hash == etag ? std::string() : StrCat("its hash is ", hash, " instead of ", etag);
}

}  // namespace

Result<Removed> RemoveModel(const ModelName& name, const HubSettings& settings) {
  PANO_ASSIGN_OR_RETURN(const CachedRepo repo, ScanRepo(settings.cache_folder, name.repo));
  const RepoCache cache(settings.cache_folder, name.repo);
  if (!name.revision_given && name.selector.empty()) return RemoveAll(repo, cache);
  const Result<std::string> commit = ReadRef(cache, name.revision);
  const auto snapshot = std::find_if(repo.snapshots.begin(), repo.snapshots.end(), [&](const CachedSnapshot& s) {
    return commit.ok() && s.commit == *commit;
  });
  if (snapshot == repo.snapshots.end()) return NotFound(StrCat(name.Text(), ": is not in ", settings.cache_folder));
  std::vector<std::string> files;
  for (const CachedFile& file : snapshot->files) files.push_back(file.path);
  if (!name.selector.empty()) {
    PANO_ASSIGN_OR_RETURN(FileChoice choice, ChooseFiles(files, name.selector).Wrap(name.Text()));
    files = std::move(choice.files);
  }
  if (files.size() == snapshot->files.size() && repo.snapshots.size() == 1) return RemoveAll(repo, cache);
  return SnapshotRemoval(repo, cache, *snapshot, std::move(files)).Run();
}

Result<Verified> VerifyRepo(const CachedRepo& repo, const std::function<void(uint64_t)>& on_progress,
                            const std::stop_token& stop) {
  Verified verified;
  std::map<std::string, std::string> wrong;  // etag -> what
  for (const CachedBlob& blob : repo.blobs) {
    if (KindOfEtag(blob.etag) == EtagKind::kUnknown) {
      ++verified.unchecked;
      continue;
    }
    const std::string path = JoinPath(repo.folder, StrCat("blobs/", blob.etag));
    Result<std::string> what = CompareBlob(path, blob.etag, blob.bytes, &verified.bytes, on_progress, stop);
    if (!what.ok() && what.error().code() == StatusCode::kCancelled) return what.error();
    ++verified.files;
    if (!what.ok()) wrong[blob.etag] = StrCat("cannot be read: ", what.error().message());
    else if (!what->empty()) wrong[blob.etag] = *what;
  }
  for (const CachedSnapshot& snapshot : repo.snapshots) {
    for (const CachedFile& file : snapshot.files) {
      if (file.missing) {
        verified.damages.push_back({repo.repo, snapshot.commit, file.path, "leads to nothing"});
      } else if (const auto found = wrong.find(file.etag); found != wrong.end()) {
        verified.damages.push_back({repo.repo, snapshot.commit, file.path, found->second});
      }
    }
  }
  return verified;
}

}  // namespace pano::hub
