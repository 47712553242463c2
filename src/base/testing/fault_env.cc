#include "base/testing/fault_env.h"

#include <algorithm>
#include <utility>

#include "base/errno_status.h"

namespace pano {

class FaultEnv::FaultFile final : public File {
 public:
  FaultFile(FaultEnv& env, std::unique_ptr<File> base) : env_(env), base_(std::move(base)) {}

  Result<size_t> ReadSome(std::span<std::byte> buffer) override {
    PANO_RETURN_IF_ERROR(env_.Enter());
    return base_->ReadSome(buffer);
  }

  Result<size_t> WriteSome(std::span<const std::byte> bytes) override {
    size_t limit = 0;
    const Status entered = env_.EnterWrite(bytes.size(), &limit);
    if (entered.ok()) return base_->WriteSome(bytes.first(limit));
    if (limit > 0) (void)base_->WriteSome(bytes.first(limit));
    return entered;
  }

  Status Sync() override {
    PANO_RETURN_IF_ERROR(env_.Enter());
    return env_.plan_.sync_lies ? OkStatus() : base_->Sync();
  }

  Status Close() override {
    PANO_RETURN_IF_ERROR(env_.Enter());
    return base_->Close();
  }

 private:
  FaultEnv& env_;
  const std::unique_ptr<File> base_;
};

Status FaultEnv::EnterLocked() const {
  const int64_t call = calls_++;
  if (plan_.crash_at >= 0 && call >= plan_.crash_at) {
    return Status(StatusCode::kUnavailable, "the machine has crashed");
  }
  if (call == plan_.fail_at) return ErrnoStatus(plan_.fail_errno);
  return {};
}

Status FaultEnv::Enter() const {
  MutexLock lock(mu_);
  return EnterLocked();
}

Status FaultEnv::EnterWrite(size_t bytes, size_t* limit) {
  MutexLock lock(mu_);
  const bool crashes = calls_ == plan_.crash_at;
  const Status entered = EnterLocked();
  *limit = entered.ok() ? bytes : 0;
  if (crashes) *limit = random_.Below(bytes + 1);
  if (entered.ok() && bytes > 1 && random_.Uniform() < plan_.short_writes) {
    *limit = 1 + random_.Below(bytes - 1);
  }
  return entered;
}

int64_t FaultEnv::calls() const {
  MutexLock lock(mu_);
  return calls_;
}

bool FaultEnv::crashed() const {
  MutexLock lock(mu_);
  return plan_.crash_at >= 0 && calls_ > plan_.crash_at;
}

Result<std::unique_ptr<File>> FaultEnv::Open(const std::string& path, OpenMode mode) {
  PANO_RETURN_IF_ERROR(Enter());
  PANO_ASSIGN_OR_RETURN(auto file, base_.Open(path, mode));
  return std::make_unique<FaultFile>(*this, std::move(file));
}

Status FaultEnv::Rename(const std::string& from, const std::string& to) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.Rename(from, to);
}

Status FaultEnv::Exchange(const std::string& a, const std::string& b) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.Exchange(a, b);
}

Status FaultEnv::Remove(const std::string& path) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.Remove(path);
}

Status FaultEnv::RemoveTree(const std::string& path) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.RemoveTree(path);
}

Status FaultEnv::MakeFolder(const std::string& path) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.MakeFolder(path);
}

Status FaultEnv::SyncFolder(const std::string& path) {
  PANO_RETURN_IF_ERROR(Enter());
  return plan_.sync_lies ? OkStatus() : base_.SyncFolder(path);
}

Result<FileInfo> FaultEnv::Stat(const std::string& path) const {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.Stat(path);
}

Result<std::vector<std::string>> FaultEnv::List(const std::string& path) const {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.List(path);
}

Result<uint64_t> FaultEnv::SpaceLeft(const std::string& path) const {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.SpaceLeft(path);
}

std::string FaultEnv::Variable(const std::string& name) const { return base_.Variable(name); }

}  // namespace pano
