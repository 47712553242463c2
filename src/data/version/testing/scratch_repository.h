#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/strings.h"
#include "data/version/index.h"
#include "data/version/tracking.h"
#include "data/version/workspace.h"

namespace pano::data {

// A file system in memory where there is one. syncfs there costs nothing, while on a disk it waits for what all other
// processes have written: minutes beside a build, for a test that makes a repository at every crash point.
inline std::filesystem::path FolderInMemory() {
  const std::filesystem::path memory = "/dev/shm";
  return ::access(memory.c_str(), W_OK | X_OK) == 0 ? memory : std::filesystem::temp_directory_path();
}

// A repository without git in a folder of its own, removed when destroyed. Confined to the test's thread.
class ScratchRepository {
 public:
  explicit ScratchRepository(std::string_view name, const std::filesystem::path& where = std::filesystem::temp_directory_path())
      : root_(where / StrCat("pano-", name, "-", ::getpid())) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    EXPECT_TRUE(InitRepository(root_.string(), {.no_scm = true}).ok());
  }
  ~ScratchRepository() { std::filesystem::remove_all(root_); }
  ScratchRepository(const ScratchRepository&) = delete;
  ScratchRepository& operator=(const ScratchRepository&) = delete;

  std::filesystem::path Path(std::string_view path) const { return root_ / path; }
  const std::filesystem::path& root() const { return root_; }

  void Write(std::string_view path, std::string_view text) const {
    std::filesystem::create_directories(Path(path).parent_path());
    std::filesystem::remove(Path(path));
    std::ofstream(Path(path), std::ios::binary) << text;
  }
  std::string Read(std::string_view path) const { return ReadFile(Path(path).string()).value_or("(none)"); }

  // The regular files below a folder, by their path from it.
  std::map<std::string, std::string> Files(std::string_view folder) const {
    std::map<std::string, std::string> out;
    if (!std::filesystem::is_directory(Path(folder))) return out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Path(folder))) {
      if (entry.is_regular_file()) out[entry.path().lexically_relative(Path(folder)).string()] = ReadFile(entry.path().string()).value_or("");
    }
    return out;
  }

  // Does `work` with what a command has.
  struct Tools {
    const Repository& repository;
    Workspace& workspace;
    const Index& index;
  };
  template <typename Work>
  Status Run(Work work, DataEnv& env = DataEnv::Real(), int threads = 2) const {
    PANO_ASSIGN_OR_RETURN(const auto repository, Repository::Find(root_.string(), env));
    PANO_ASSIGN_OR_RETURN(const auto workspace, Workspace::Open(*repository, {.threads = threads}));
    const auto files = FileSource::OfWorkspace(*repository);
    PANO_ASSIGN_OR_RETURN(const Index index, Index::Collect(*repository, *files, {}));
    return work(Tools{*repository, *workspace, index});
  }
  Status Add(const std::vector<std::string>& paths, DataEnv& env = DataEnv::Real(), int threads = 2) const {
    return Run([&](const Tools& tools) { return Tracking(tools.workspace, tools.index).Add(paths, true).status(); }, env, threads);
  }
  Status Checkout(bool force, DataEnv& env = DataEnv::Real(), int threads = 2) const {
    return Run([&](const Tools& tools) -> Status {
      CheckoutOptions options;
      options.force = force;
      for (const Output& output : tools.index.outputs) PANO_RETURN_IF_ERROR(tools.workspace.Checkout(output, options).status());
      return {};
    }, env, threads);
  }

 private:
  const std::filesystem::path root_;
};

}  // namespace pano::data
