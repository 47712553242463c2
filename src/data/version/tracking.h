#pragma once

#include <string>
#include <vector>

#include "data/version/index.h"
#include "data/version/workspace.h"

namespace pano::data {

// Says what is data: makes, changes and removes .dvc files with their lines in .gitignore. Objects are stored before a
// .dvc file names them, and each file is replaced in one step: a process that ends in between loses nothing, and what
// it was to do can be done again. Confined to one command, under the repository's lock.
class Tracking {
 public:
  // `index` must be of the workspace and outlive this.
  Tracking(Workspace& workspace, const Index& index) : workspace_(workspace), repository_(workspace.repository()), index_(index) {}

  // `pano data add`: each path (from the root) becomes the output of a .dvc file beside it, or is taken anew: one that
  // lies in a tracked folder as that part of it. Answers the .dvc files written. `commit` false: nothing is stored.
  Result<std::vector<std::string>> Add(const std::vector<std::string>& paths, bool commit);
  // `pano data commit`: what the workspace has becomes what the .dvc files say. Targets of stages and imported ones are
  // passed over. Without force: PermissionDenied names what has changed.
  Status Commit(const std::vector<Target>& targets, bool force);
  // `pano data move`: the data and its .dvc file get another name.
  Status Move(const std::string& from, const std::string& to);
  // `pano data remove`: a .dvc file goes, its data only with `with_data`.
  Status Remove(const std::string& dvc_file, bool with_data, bool force);

 private:
  struct Planned;
  Result<Planned> Plan(const std::string& path) const;
  Result<bool> UnchangedSinceDvc2(const Output& output);
  Status CheckGit(const std::vector<Planned>& plans) const;

  Workspace& workspace_;
  const Repository& repository_;
  const Index& index_;
};

}  // namespace pano::data
