#include "app/hub/cache_index.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "app/hub/file_choice.h"
#include "app/hub/model_name.h"
#include "app/hub/repo_cache.h"
#include "base/env.h"
#include "base/errno_status.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFilesMax = 100'000;  // of one repository
constexpr int kDepthMax = 16;

// Calls `visit` for everything below `folder` that is no folder; links are not followed.
template <typename Visit>
Status ForEachFile(const std::string& folder, Visit visit) {
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  if (error == std::errc::no_such_file_or_directory) return {};
  size_t count = 0;
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it.depth() >= kDepthMax) it.disable_recursion_pending();
    std::error_code ignored;
    if (it->symlink_status(ignored).type() == fs::file_type::directory) continue;
    if (++count > kFilesMax) {
      return Status(StatusCode::kExhausted, StrCat(folder, ": holds more than ", kFilesMax, " files"));
    }
    visit(it->path());
  }
  return error ? ErrnoStatus(error.value()).Wrap(folder) : OkStatus();
}

// Of what `path` leads to; no bytes where that is nothing.
bool StatFile(const std::string& path, uint64_t* bytes, int64_t* modified) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return false;
  *bytes = static_cast<uint64_t>(info.st_size);
  *modified = info.st_mtime;
  return true;
}

CachedFile ReadLink(const fs::path& path, const std::string& folder, int64_t* modified) {
  CachedFile file;
  file.path = path.lexically_relative(folder).string();
  std::error_code error;
  const fs::path target = fs::read_symlink(path, error);
  if (!error && target.parent_path().filename() == "blobs") file.etag = target.filename().string();
  int64_t when = 0;
  file.missing = !StatFile(path.string(), &file.bytes, &when);
  *modified = std::max(*modified, when);
  return file;
}

Status ReadSnapshots(const std::string& repo_folder, CachedRepo& repo) {
  const std::string folder = JoinPath(repo_folder, "snapshots");
  const Result<std::vector<std::string>> commits = ListDirectory(folder);
  if (!commits.ok()) return {};  // none yet
  for (const std::string& commit : *commits) {
    if (!IsCommit(commit)) continue;
    CachedSnapshot snapshot;
    snapshot.commit = commit;
    const std::string place = JoinPath(folder, commit);
    PANO_RETURN_IF_ERROR(ForEachFile(place, [&](const fs::path& path) {
      snapshot.files.push_back(ReadLink(path, place, &snapshot.modified_unix));
    }));
    std::sort(snapshot.files.begin(), snapshot.files.end(),
              [](const CachedFile& a, const CachedFile& b) { return a.path < b.path; });
    std::map<std::string, uint64_t> blobs;
    for (const CachedFile& file : snapshot.files) {
      blobs[file.etag.empty() ? file.path : file.etag] = file.bytes;
    }
    for (const auto& [etag, bytes] : blobs) snapshot.bytes += bytes;
    repo.snapshots.push_back(std::move(snapshot));
  }
  return {};
}

Status ReadRefs(const std::string& repo_folder, CachedRepo& repo) {
  const std::string folder = JoinPath(repo_folder, "refs");
  return ForEachFile(folder, [&](const fs::path& path) {
    const Result<std::string> commit = ReadFile(path.string(), 4096);
    if (!commit.ok()) return;
    for (CachedSnapshot& snapshot : repo.snapshots) {
      if (snapshot.commit == Trim(*commit)) {
        snapshot.refs.push_back(path.lexically_relative(folder).string());
      }
    }
  });
}

void ReadBlobs(const std::string& repo_folder, CachedRepo& repo) {
  const std::string folder = JoinPath(repo_folder, "blobs");
  const Result<std::vector<std::string>> names = ListDirectory(folder);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const std::string path = JoinPath(folder, name);
    uint64_t bytes = 0;
    int64_t modified = 0;
    if (!StatFile(path, &bytes, &modified)) continue;
    repo.bytes += bytes;
    if (name.ends_with(".incomplete")) {
      repo.incomplete.push_back(path);
      repo.incomplete_bytes += bytes;
    } else {
      repo.blobs.push_back({name, bytes});
    }
  }
}

}  // namespace

Result<CachedRepo> ScanRepo(const std::string& cache_folder, const std::string& repo_name) {
  const RepoCache cache(cache_folder, repo_name);
  if (!IsDirectory(cache.folder())) return NotFound(StrCat("hf:", repo_name, ": is not in ", cache_folder));
  CachedRepo repo;
  repo.repo = repo_name;
  repo.folder = cache.folder();
  PANO_RETURN_IF_ERROR(ReadSnapshots(repo.folder, repo));
  PANO_RETURN_IF_ERROR(ReadRefs(repo.folder, repo));
  for (CachedSnapshot& snapshot : repo.snapshots) std::sort(snapshot.refs.begin(), snapshot.refs.end());
  ReadBlobs(repo.folder, repo);
  return repo;
}

Result<std::vector<CachedRepo>> ScanCache(const std::string& cache_folder) {
  std::vector<CachedRepo> repos;
  const Result<std::vector<std::string>> names = ListDirectory(cache_folder);
  if (!names.ok()) {
    if (names.error().code() == StatusCode::kNotFound) return repos;
    return names.error();
  }
  for (const std::string& name : *names) {
    const std::string repo_name = RepoOfFolder(name);
    if (repo_name.empty()) continue;
    PANO_ASSIGN_OR_RETURN(CachedRepo repo, ScanRepo(cache_folder, repo_name));
    repos.push_back(std::move(repo));
  }
  std::sort(repos.begin(), repos.end(),
            [](const CachedRepo& a, const CachedRepo& b) { return a.repo < b.repo; });
  return repos;
}

std::vector<CachedName> NamesIn(const CachedSnapshot& snapshot) {
  std::vector<std::string> paths;
  for (const CachedFile& file : snapshot.files) {
    if (!file.missing) paths.push_back(file.path);
  }
  std::vector<CachedName> names;
  const Result<FileChoice> folder = ChooseFiles(paths, "");
  if (folder.ok() && folder->open.empty()) {
    CachedName name{"", folder->files};
    for (const std::string& path : paths) {  // shards, whose index is not read here
      if (!folder->index.empty() && path.starts_with("model-") && path.ends_with(".safetensors")) {
        name.files.push_back(path);
      }
    }
    names.push_back(std::move(name));
  }
  std::map<std::string, std::vector<FileChoice>> by_type;
  for (FileChoice& model : GgufChoices(paths)) by_type[GgufType(model.open)].push_back(std::move(model));
  for (auto& [type, models] : by_type) {
    for (FileChoice& model : models) {
      const bool by_file = type.empty() || models.size() > 1;
      names.push_back({by_file ? model.open : type, std::move(model.files)});
    }
  }
  return names;
}

std::string PathIn(const CachedRepo& repo, const CachedSnapshot& snapshot, const std::string& file) {
  return StrCat(repo.folder, "/snapshots/", snapshot.commit, file.empty() ? "" : "/", file);
}

}  // namespace pano::hub
