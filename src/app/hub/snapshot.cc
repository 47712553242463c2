#include "app/hub/snapshot.h"

#include <filesystem>
#include <optional>
#include <system_error>

#include "app/hub/file_lock.h"
#include "app/hub/model_name.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/errno_status.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

namespace fs = std::filesystem;

// Another pull holds the lock for as long as it writes 40 bytes.
Result<FileLock> TakeSoon(const std::string& path) {
  for (int tries = 0; tries < 500; ++tries) {
    PANO_ASSIGN_OR_RETURN(std::optional<FileLock> lock, FileLock::TryTake(path));
    if (lock) return std::move(*lock);
    Clock::Real().SleepFor(std::chrono::milliseconds(20));
  }
  return Status(StatusCode::kDeadline, StrCat(path, ": another process holds this lock"));
}

}  // namespace

Status LinkFile(const RepoCache& cache, std::string_view commit, std::string_view path,
                std::string_view etag) {
  const std::string link = JoinPath(cache.SnapshotFolder(commit), path);
  const std::string target = RepoCache::LinkTarget(path, etag);
  PANO_RETURN_IF_ERROR(MakeFolders(std::string(FolderName(link))));
  for (int tries = 0; tries < 3; ++tries) {
    std::error_code error;
    fs::create_symlink(target, link, error);
    if (!error) return {};
    if (error == std::errc::operation_not_permitted || error == std::errc::function_not_supported ||
        error == std::errc::operation_not_supported) {
      // A file system without symbolic links may have the other kind.
      fs::create_hard_link(cache.BlobPath(etag), link, error);
      if (!error) return {};
    }
    if (error != std::errc::file_exists) return ErrnoStatus(error.value()).Wrap(link);
    std::error_code ignored;
    if (fs::equivalent(link, cache.BlobPath(etag), ignored)) return {};
    fs::remove(link, ignored);
  }
  return Status(StatusCode::kUnavailable, StrCat(link, ": another process changes it all the time"));
}

Status WriteRef(const RepoCache& cache, std::string_view revision, std::string_view commit) {
  if (IsCommit(revision)) return {};
  // An unchanged ref is not written: the cache may be read-only.
  const auto is_right = [&] {
    const Result<std::string> now = ReadRef(cache, revision);
    return now.ok() && *now == commit;
  };
  if (is_right()) return {};
  PANO_ASSIGN_OR_RETURN(const FileLock lock, TakeSoon(JoinPath(cache.LockFolder(), "refs.lock")));
  if (is_right()) return {};
  const std::string path = cache.RefPath(revision);
  PANO_RETURN_IF_ERROR(MakeFolders(std::string(FolderName(path))));
  // Not in refs/, where huggingface_hub takes every file for a ref; and always by the same name, so that
  // what a killed process leaves is written over.
  const std::string temporary = JoinPath(cache.LockFolder(), "refs.new");
  Env& env = Env::Real();
  Result<std::unique_ptr<File>> file = env.Open(temporary, Env::OpenMode::kWrite);
  if (!file.ok()) return file.error().Wrap(temporary);
  PANO_RETURN_IF_ERROR((*file)->WriteAll(std::as_bytes(std::span(commit))).Wrap(temporary));
  PANO_RETURN_IF_ERROR((*file)->Sync().Wrap(temporary));
  PANO_RETURN_IF_ERROR((*file)->Close().Wrap(temporary));
  PANO_RETURN_IF_ERROR(env.Rename(temporary, path).Wrap(path));
  return env.SyncFolder(std::string(FolderName(path))).Wrap(path);
}

}  // namespace pano::hub
