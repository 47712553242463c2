#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "base/testing/fault_env.h"
#include "data/version/data_env.h"

namespace pano::data {

// A DataEnv with the faults of a FaultPlan. Calls that change the disk count from 0; reading does not, so that the same
// work gives the same numbers. From `crash_at` on nothing is changed any more, as after kill -9 (a write may have got a
// first part there); what was changed before stays. Thread-safe.
class FaultDataEnv : public DataEnv {
 public:
  // `unnamed_files`: whether the file system has them (DataEnv::CreateWhole).
  FaultDataEnv(DataEnv& base, FaultPlan plan, bool unnamed_files = true)
      : base_(base), plan_(plan), unnamed_files_(unnamed_files), random_(plan.seed) {}

  int64_t calls() const {
    MutexLock lock(mu_);
    return calls_;
  }

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Exchange(const std::string& a, const std::string& b) override;
  Status Remove(const std::string& path) override;
  Status RemoveTree(const std::string& path) override;
  Status MakeFolder(const std::string& path) override;
  Status SyncFolder(const std::string& path) override;
  Result<FileInfo> Stat(const std::string& path) const override { return base_.Stat(path); }
  Result<std::vector<std::string>> List(const std::string& path) const override { return base_.List(path); }
  Result<uint64_t> SpaceLeft(const std::string& path) const override { return base_.SpaceLeft(path); }
  std::string Variable(const std::string& name) const override { return base_.Variable(name); }
  Result<EntryInfo> LinkInfo(const std::string& path) const override { return base_.LinkInfo(path); }
  Result<EntryInfo> EntryInfoOf(const std::string& path) const override { return base_.EntryInfoOf(path); }
  Result<std::vector<FolderEntry>> ListKinds(const std::string& path) const override { return base_.ListKinds(path); }
  Result<size_t> ReadStart(const std::string& path, std::span<std::byte> buffer, EntryInfo* after) const override {
    return base_.ReadStart(path, buffer, after);
  }
  // Two calls: the file, its bytes; three: and its name.
  Status CreateFile(const std::string& path, std::span<const std::byte> bytes, FileMode mode) override;
  Status CreateWhole(const std::string& folder, const std::string& path, std::span<const std::byte> bytes, FileMode mode,
                     EntryInfo* made) override;
  Result<std::string> ReadLink(const std::string& path) const override { return base_.ReadLink(path); }
  Status MakeLink(const std::string& target, const std::string& path) override;
  Status MakeHardLink(const std::string& existing, const std::string& path) override;
  Status CloneFile(const std::string& from, const std::string& to) override;
  Status SetMode(const std::string& path, uint32_t mode) override;
  Status SyncFileSystem(const std::string& path) override;

 private:
  class FaultFile;

  // Counts a call and says whether it may go on; of `bytes`, how many may be written.
  Status Enter(size_t bytes = 0, size_t* limit = nullptr);

  DataEnv& base_;
  const FaultPlan plan_;
  const bool unnamed_files_;
  mutable Mutex mu_;
  int64_t calls_ PANO_GUARDED_BY(mu_) = 0;
  Random random_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::data
