#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/mutex.h"
#include "base/random.h"

namespace pano {

// What goes wrong, and when. Calls of Env and File that reach the file system count from 0. The
// same plan over the same calls gives the same run.
struct FaultPlan {
  int64_t fail_at = -1;      // this call does nothing and fails with fail_errno
  int fail_errno = EIO;
  int64_t crash_at = -1;     // from this call on nothing reaches the disk, and every call fails; a
                             // write may have got a first part there
  double short_writes = 0;   // the share of writes that take only a part of what they are given
  bool sync_lies = false;    // syncs answer ok and do nothing
  uint64_t seed = 0;         // which writes are short, and how
};

// Another Env with faults. To see what a crash leaves, put it over a MemoryEnv and call Crash()
// there once this one has crashed. Thread-safe; a run replays as far as the order of calls does.
class FaultEnv final : public Env {
 public:
  FaultEnv(Env& base, FaultPlan plan) : base_(base), plan_(plan), random_(plan.seed) {}

  int64_t calls() const;
  bool crashed() const;

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
  std::string Variable(const std::string& name) const override;  // no call of the file system

 private:
  class FaultFile;

  // Counts a call and says whether it may go on.
  Status Enter() const;
  // The same for a write; how many of `bytes` it may take, also where it fails.
  Status EnterWrite(size_t bytes, size_t* limit);
  Status EnterLocked() const PANO_REQUIRES(mu_);

  Env& base_;
  const FaultPlan plan_;
  mutable Mutex mu_;
  mutable int64_t calls_ PANO_GUARDED_BY(mu_) = 0;
  Random random_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano
