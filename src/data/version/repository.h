#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "data/version/config.h"
#include "data/version/data_env.h"

namespace pano::data {

// A folder with a .dvc folder in it: where it is and how it is set up. Immutable, so thread-safe.
class Repository {
 public:
  // The repository that `folder` (absolute, or from where the process stands) lies in. NotFound says how to make
  // one.
  static Result<std::unique_ptr<const Repository>> Find(const std::string& folder, DataEnv& env = DataEnv::Real());

  const std::string& root() const { return root_; }            // absolute, links resolved, no '/' at the end
  std::string dvc_folder() const { return root_ + "/.dvc"; }
  std::string temporary_folder() const { return root_ + "/.dvc/tmp"; }   // made when the first lock is taken
  std::string own_folder() const { return root_ + "/.dvc/tmp/pano"; }    // what only we read: the state cache
  const std::string& cache_folder() const { return cache_folder_; }      // holds files/md5; absolute
  const Config& config() const { return config_; }
  DataEnv& env() const { return env_; }

  // The git repository that it lies in; "" where there is none, or core.no_scm is set.
  const std::string& git_root() const { return git_root_; }

  // "/abs/root/a/b" for "a/b"; the root for "".
  std::string Absolute(std::string_view path) const;
  // What a user typed (relative to `folder`, absolute) as a path from the root. Links in the folders above it are
  // resolved, the last part is not. InvalidArgument ("... is outside of the repository ...") where it leads out.
  Result<std::string> Relative(const std::string& typed, const std::string& folder = "") const;
  // Whether the process stands in the root or below it, and where: what messages and JSON are relative to.
  std::string Here() const;

 private:
  Repository(std::string root, DataEnv& env) : root_(std::move(root)), env_(env) {}

  const std::string root_;
  DataEnv& env_;
  Config config_;
  std::string cache_folder_, git_root_;
};

struct InitOptions {
  bool no_scm = false;    // no git; else the folder must lie in a git repository
  bool force = false;     // anew where there is one; its cache stays
  bool subfolder = false; // a folder below the git root
};
// Makes `folder` a repository: .dvc/config, .dvc/.gitignore, .dvcignore as DVC does. AlreadyExists where it is one.
Status InitRepository(const std::string& folder, const InitOptions& options, DataEnv& env = DataEnv::Real());

}  // namespace pano::data
