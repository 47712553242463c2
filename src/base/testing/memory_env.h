#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/mutex.h"
#include "base/random.h"

namespace pano {

// A file system in memory that remembers, as a disk does, what was synced and what was not: Crash()
// leaves what a machine finds when it comes up again. Paths start at one root whether or not they
// begin with '/'. There are no links, and nothing but files and folders. Thread-safe.
//
// What survives is what POSIX promises and no more: a file's bytes after its Sync, its name after
// SyncFolder of its folder.
class MemoryEnv final : public Env {
 public:
  MemoryEnv();
  ~MemoryEnv() override;

  // Forgets what was not synced. With `random`, a random part of it survives: the first changes of
  // names, in their order as a journal keeps them, and of each file none, some or all of its new
  // bytes. Files that were open must not be used afterwards.
  void Crash(Random* random = nullptr);

  // How many bytes fit in all files together; beyond, writes are short and then fail.
  void SetCapacity(std::optional<uint64_t> bytes);
  void SetVariable(const std::string& name, std::string value);

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Exchange(const std::string& a, const std::string& b) override;
  Status Remove(const std::string& path) override;
  Status RemoveTree(const std::string& path) override;
  Status MakeFolder(const std::string& path) override;
  Status SyncFolder(const std::string& path) override;
  Result<FileInfo> Stat(const std::string& path) const override;
  Result<std::vector<std::string>> List(const std::string& path) const override;
  Result<uint64_t> SpaceLeft(const std::string& path) const override;
  std::string Variable(const std::string& name) const override;

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  struct Change;  // of names
  struct Place;   // a name in a folder
  class OpenFile;

  Result<Place> Find(const std::string& path) const PANO_REQUIRES(mu_);
  void Make(Change change) PANO_REQUIRES(mu_);
  void Empty(const NodePtr& folder) PANO_REQUIRES(mu_);
  void SettleData(const NodePtr& folder, Random* random) PANO_REQUIRES(mu_);
  uint64_t BytesUsed() const PANO_REQUIRES(mu_);

  mutable Mutex mu_;
  NodePtr root_ PANO_GUARDED_BY(mu_);
  std::vector<Change> unsynced_ PANO_GUARDED_BY(mu_);
  std::optional<uint64_t> capacity_ PANO_GUARDED_BY(mu_);
  std::map<std::string, std::string> variables_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano
