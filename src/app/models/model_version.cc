#include "app/models/model_version.h"

#include <chrono>
#include <utility>

#include "base/log.h"
#include "base/strings.h"

namespace pano::models {
namespace {

constexpr std::chrono::seconds kLookEvery{1};

}  // namespace

Status ModelVersion::CheckFiles() const {
  if (mapped_files.empty()) return {};
  const TimePoint now = Clock::Real().Now();
  {
    MutexLock lock(mu_);
    if (!changed_.ok() || (looked_ != TimePoint() && now - looked_ < kLookEvery)) return changed_;
    looked_ = now;
  }
  return Look(/*only_faults=*/false);
}

Status ModelVersion::CheckFaults() const { return Look(/*only_faults=*/true); }

Status ModelVersion::Look(bool only_faults) const {
  for (const std::weak_ptr<const MappedFile>& each : mapped_files) {
    const std::shared_ptr<const MappedFile> file = each.lock();
    if (!file || (only_faults && !file->faulted())) continue;
    if (Status status = file->CheckUnchanged(); !status.ok()) return Changed(std::move(status));
  }
  return {};
}

Status ModelVersion::Changed(Status why) const {
  MutexLock lock(mu_);
  if (!changed_.ok()) return changed_;
  LogError("[models] ", FullName(), " answers no more: ", why.message(), "; start the server again");
  return changed_ = std::move(why);
}

}  // namespace pano::models
