#include "app/api/request_statistics.h"

namespace pano::api {

void RequestStatistics::Count(const RequestRecord& record, int64_t unix_seconds) {
  if (!record.predicts || record.model.empty()) return;
  MutexLock lock(mu_);
  auto at = counts_.find(record.model);  // labels are of models that were found: they are few
  if (at == counts_.end()) at = counts_.emplace(record.model, Counts()).first;
  Counts& counts = at->second;
  counts.last_unix_seconds = unix_seconds;
  if (record.status >= 400) {
    ++counts.failed;
    counts.fail_seconds += record.seconds;
    return;
  }
  ++counts.succeeded;
  counts.success_seconds += record.seconds;
  counts.inputs += record.work.inputs;
  counts.queue_seconds += record.work.queue_seconds;
  counts.compute_seconds += record.work.compute_seconds;
}

RequestStatistics::Counts RequestStatistics::Of(std::string_view label) const {
  MutexLock lock(mu_);
  const auto at = counts_.find(label);
  return at == counts_.end() ? Counts() : at->second;
}

}  // namespace pano::api
