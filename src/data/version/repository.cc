#include "data/version/repository.h"

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/strings.h"
#include "data/version/relative_path.h"

namespace pano::data {
namespace {

namespace fs = std::filesystem;

constexpr char kIgnoreText[] =
    "# Add patterns of files dvc should ignore, which could improve\n"
    "# the performance. Learn more at\n"
    "# https://dvc.org/doc/user-guide/dvcignore\n";

std::string CurrentFolder() {
  std::error_code error;
  return fs::current_path(error).string();
}

// `path` with its links resolved as far as it exists; the rest by the letter.
std::string RealPath(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  std::string out = error ? fs::path(path).lexically_normal().string() : real.string();
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

bool IsFolder(DataEnv& env, const std::string& path) {
  const auto info = env.EntryInfoOf(path);
  return info.ok() && info->kind == EntryInfo::Kind::kFolder;
}

std::string FindAbove(DataEnv& env, std::string folder, std::string_view name, bool folders_only) {
  while (true) {
    const std::string candidate = JoinPath(folder, name);
    const auto info = env.EntryInfoOf(candidate);
    if (info.ok() && (!folders_only || info->kind == EntryInfo::Kind::kFolder)) return folder;
    if (folder == "/" || folder.empty()) return "";
    folder = std::string(FolderName(folder));
  }
}

std::string ExpandHome(DataEnv& env, const std::string& path) {
  return path.starts_with("~/") ? env.Variable("HOME") + path.substr(1) : path;
}

}  // namespace

Result<std::unique_ptr<const Repository>> Repository::Find(const std::string& folder, DataEnv& env) {
  const std::string root = FindAbove(env, RealPath(folder.empty() ? "." : folder), ".dvc", /*folders_only=*/true);
  if (root.empty()) {
    return NotFound(StrCat("'", Printable(folder.empty() ? CurrentFolder() : folder, 200),
                           "' lies in no data repository (no .dvc folder here or above): run `pano data init`"));
  }
  std::unique_ptr<Repository> repository(new Repository(root, env));
  PANO_ASSIGN_OR_RETURN(repository->config_, Config::Load(repository->dvc_folder(), env));
  const std::string cache = ExpandHome(env, repository->config_.Get("cache", "dir"));
  repository->cache_folder_ =
      cache.empty() ? root + "/.dvc/cache"
                    : RealPath(cache.starts_with('/') ? cache : JoinPath(repository->config_.FolderOf("cache", "dir"), cache));
  if (!repository->config_.GetBool("core", "no_scm", false)) {
    repository->git_root_ = FindAbove(env, root, ".git", /*folders_only=*/false);
  }
  return std::unique_ptr<const Repository>(std::move(repository));
}

std::string Repository::Absolute(std::string_view path) const { return path.empty() ? root_ : StrCat(root_, "/", path); }

Result<std::string> Repository::Relative(const std::string& typed, const std::string& folder) const {
  if (typed.empty()) return InvalidArgument("an empty path names nothing");
  const std::string from = folder.empty() ? CurrentFolder() : folder;
  std::string path = fs::path(JoinPath(from, typed)).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::string above = RealPath(std::string(FolderName(path)));
  std::string real = path == "/" ? path : JoinPath(above, BaseName(path));
  if (real != root_ && RealPath(path) == root_) real = root_;
  if (real == root_) return std::string();
  if (!real.starts_with(root_ + "/")) {
    return InvalidArgument(StrCat("'", Printable(typed, 200), "' is outside of the repository ", root_));
  }
  std::string out = real.substr(root_.size() + 1);
  PANO_RETURN_IF_ERROR(CheckRelativePath(out));
  return out;
}

std::string Repository::Here() const {
  const std::string here = RealPath(CurrentFolder());
  return here.starts_with(root_ + "/") ? here.substr(root_.size() + 1) : "";
}

Status InitRepository(const std::string& folder, const InitOptions& options, DataEnv& env) {
  const std::string root = RealPath(folder.empty() ? "." : folder);
  const std::string dvc = root + "/.dvc";
  if (!options.no_scm) {
    const std::string git = FindAbove(env, root, ".git", /*folders_only=*/false);
    if (git.empty()) {
      return InvalidArgument(root + " is not tracked by git: run `git init` first, or `pano data init --no-scm`");
    }
    if (git != root && !options.subfolder) {
      return InvalidArgument(StrCat(root, " lies in the git repository ", git, ": init there, or with --subdir here"));
    }
  }
  if (IsFolder(env, dvc)) {
    if (!options.force) {
      return Status(StatusCode::kAlreadyExists, StrCat("there is a repository: ", dvc, "; --force makes its settings anew"));
    }
    for (const char* name : {"config", "config.local", ".gitignore"}) (void)env.Remove(StrCat(dvc, "/", name));
  }
  PANO_RETURN_IF_ERROR(MakeFolders(env, dvc));
  // The config comes last: with it the folder is a repository, and a command that was ended before begins anew.
  if (!options.no_scm) PANO_RETURN_IF_ERROR(WriteFile(dvc + "/.gitignore", "/config.local\n/tmp\n/cache\n", env));
  if (!env.LinkInfo(root + "/.dvcignore").ok()) PANO_RETURN_IF_ERROR(WriteFile(root + "/.dvcignore", kIgnoreText, env));
  return WriteFile(dvc + "/config", options.no_scm ? "[core]\n    no_scm = True\n" : "", env);
}

}  // namespace pano::data
