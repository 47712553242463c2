#include "data/version/testing/fault_data_env.h"

#include <utility>

#include "base/errno_status.h"

namespace pano::data {

class FaultDataEnv::FaultFile final : public File {
 public:
  FaultFile(FaultDataEnv& env, std::unique_ptr<File> base) : env_(env), base_(std::move(base)) {}

  Result<size_t> ReadSome(std::span<std::byte> buffer) override { return base_->ReadSome(buffer); }
  Result<size_t> WriteSome(std::span<const std::byte> bytes) override {
    size_t limit = 0;
    const Status entered = env_.Enter(bytes.size(), &limit);
    if (entered.ok()) return base_->WriteSome(bytes);
    if (limit > 0) (void)base_->WriteSome(bytes.first(limit));
    return entered;
  }
  Status Sync() override {
    PANO_RETURN_IF_ERROR(env_.Enter());
    return OkStatus();   // the machine does not crash here, the process does
  }
  Status Close() override { return base_->Close(); }

 private:
  FaultDataEnv& env_;
  const std::unique_ptr<File> base_;
};

Status FaultDataEnv::Enter(size_t bytes, size_t* limit) {
  MutexLock lock(mu_);
  const int64_t call = calls_++;
  if (plan_.crash_at >= 0 && call >= plan_.crash_at) {
    if (limit != nullptr && call == plan_.crash_at) *limit = random_.Below(bytes + 1);
    return Status(StatusCode::kUnavailable, "the process has ended");
  }
  if (call == plan_.fail_at) return ErrnoStatus(plan_.fail_errno);
  return {};
}

Result<std::unique_ptr<File>> FaultDataEnv::Open(const std::string& path, OpenMode mode) {
  if (mode == OpenMode::kRead) return base_.Open(path, mode);
  PANO_RETURN_IF_ERROR(Enter());
  PANO_ASSIGN_OR_RETURN(auto file, base_.Open(path, mode));
  return std::unique_ptr<File>(std::make_unique<FaultFile>(*this, std::move(file)));
}

Status FaultDataEnv::CreateFile(const std::string& path, std::span<const std::byte> bytes, FileMode mode) {
  PANO_RETURN_IF_ERROR(Enter());
  size_t limit = 0;
  const Status written = Enter(bytes.size(), &limit);
  PANO_RETURN_IF_ERROR(base_.CreateFile(path, written.ok() ? bytes : bytes.first(limit), mode));
  return written;
}
Status FaultDataEnv::CreateWhole(const std::string& folder, const std::string& path, std::span<const std::byte> bytes, FileMode mode,
                                 EntryInfo* made) {
  if (!unnamed_files_) return Unimplemented("no files without names here");
  for (int call = 0; call < 3; ++call) PANO_RETURN_IF_ERROR(Enter());
  return base_.CreateWhole(folder, path, bytes, mode, made);
}
Status FaultDataEnv::Rename(const std::string& from, const std::string& to) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.Rename(from, to);
}
Status FaultDataEnv::Exchange(const std::string& a, const std::string& b) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.Exchange(a, b);
}
Status FaultDataEnv::Remove(const std::string& path) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.Remove(path);
}
Status FaultDataEnv::RemoveTree(const std::string& path) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.RemoveTree(path);
}
Status FaultDataEnv::MakeFolder(const std::string& path) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.MakeFolder(path);
}
Status FaultDataEnv::SyncFolder(const std::string&) { return Enter(); }
Status FaultDataEnv::MakeLink(const std::string& target, const std::string& path) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.MakeLink(target, path);
}
Status FaultDataEnv::MakeHardLink(const std::string& existing, const std::string& path) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.MakeHardLink(existing, path);
}
Status FaultDataEnv::CloneFile(const std::string& from, const std::string& to) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.CloneFile(from, to);
}
Status FaultDataEnv::SetMode(const std::string& path, uint32_t mode) {
  PANO_RETURN_IF_ERROR(Enter());
  return base_.SetMode(path, mode);
}
Status FaultDataEnv::SyncFileSystem(const std::string&) { return Enter(); }

}  // namespace pano::data
