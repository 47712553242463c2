#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/threads.h"
#include "data/version/data_tree.h"
#include "data/version/ignore.h"
#include "data/version/object_store.h"
#include "data/version/output.h"
#include "data/version/repository.h"
#include "data/version/state_cache.h"
#include "data/version/tree_walk.h"

namespace pano::data {

// What is where an output should be, hashed. A value.
struct Content {
  bool there = false;
  bool folder = false;
  ObjectId id;                  // meaningful when there
  uint64_t bytes = 0, files = 0;
  bool executable = false;      // of a file
  DataTree tree;                // of a folder
};

struct CheckoutOptions {
  bool force = false;     // what is not in the cache may be lost
  bool relink = false;    // links anew what is already right
  std::string part;       // only this file or folder inside the output, from the output's path; "" = all of it
};

// What a command works with: the repository's cache, state, rules and threads. Its operations take outputs one by
// one; they keep what they found in the state cache, which Close writes. Confined to one thread (the work inside is
// parallel).
class Workspace {
 public:
  struct Options {
    int threads = 0;   // 0: core.checksum_jobs, else the cores
  };
  static Result<std::unique_ptr<Workspace>> Open(const Repository& repository, const Options& options);
  static Result<std::unique_ptr<Workspace>> Open(const Repository& repository) { return Open(repository, Options()); }
  ~Workspace();

  const Repository& repository() const { return repository_; }
  ObjectStore& store() { return *store_; }
  StateCache& state() { return *state_; }
  Ignore& ignore() { return *ignore_; }
  ComputePool& pool() { return *pool_; }

  // Hashes what is at `path` (from the root), by the state cache where it can. InvalidArgument for what cannot be
  // data: names that are not UTF-8, links that loop, lead nowhere or out of the repository, devices.
  // `expected`: what it probably is. A folder that is just that is found to be so without hashing its manifest.
  Result<Content> Look(const std::string& path, HashName hash = HashName::kMd5, const std::optional<ObjectId>& expected = std::nullopt);
  // Hashes and stores it; links the workspace to the cache by the configured type where that is no copy. The
  // answer is `output` with id, size, count and bits as they are now. Of a folder, `part` (from its path) alone is taken
  // anew, the rest stays as the output says.
  Result<Output> Store(const Output& output, std::string_view part = {});
  // What Store would answer, without storing (add --no-commit, deps of stages).
  Result<Output> Hash(const Output& output);
  // What was stored survives a crash of the machine once this is ok; before a .dvc file says that it is there.
  Status Flush();
  // Makes the workspace what the output says; true when something was changed. Without force: PermissionDenied, with
  // the paths, where something that the cache does not have would be lost, and nothing is changed. NotFound names
  // objects that are not in the cache, Corruption those that are not what they should be; the rest is done.
  Result<bool> Checkout(const Output& output, const CheckoutOptions& options);
  // Removes an output's data. Refuses as Checkout does.
  Status RemoveData(const Output& output, bool force);
  // The manifest of a folder, verified; NotFound, Corruption.
  Result<DataTree> Tree(const ObjectId& id) const;
  // Whether the workspace is what the output says.
  Result<bool> Unchanged(const Output& output);

  // Writes the state cache. Its failure is no failure of the command.
  void Close();

 private:
  friend class CheckoutRun;
  explicit Workspace(const Repository& repository) : repository_(repository) {}
  // The digests of files below `folder`; those of foreign ones are not set.
  Result<std::vector<Md5>> HashFiles(const std::string& folder, const FileList& files, HashName hash);
  // Whether the manifest is the cache's sound object `id`.
  bool IsObject(const DataTree& manifest, const ObjectId& id) const;
  // Of one file, whose stamp is known; the stamp becomes that of what was hashed.
  Result<Md5> HashFile(const std::string& full, FileStamp* stamp, HashName hash);
  Result<Md5> StoreFile(const std::string& full, const FileStamp& stamp, HashName hash, uint64_t* bytes);
  Status LinkToCache(const std::string& folder, const FileList& files, const std::vector<Md5>& digests);
  // Calls `work` for 0..count-1 on all threads; the first failure.
  Status ForEach(size_t count, const std::function<Status(size_t)>& work);

  const Repository& repository_;
  int threads_ = 1;
  std::unique_ptr<StateCache> state_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<Ignore> ignore_;
  std::unique_ptr<ComputePool> pool_;
  bool stored_ = false;   // since the last Flush
};

}  // namespace pano::data
