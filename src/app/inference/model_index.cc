#include "app/inference/model_index.h"

#include <algorithm>

#include "app/api/policy/authorization.h"

namespace pano::inference {
namespace {

std::string_view StateName(models::LoadState state) {
  switch (state) {
    case models::LoadState::kReady: return "READY";
    case models::LoadState::kLoading: return "LOADING";
    case models::LoadState::kUnloading: return "UNLOADING";
    case models::LoadState::kUnloaded:
    case models::LoadState::kFailed: break;
  }
  return "UNAVAILABLE";
}

}  // namespace

std::vector<IndexEntry> ModelIndex(const api::Context& context, const api::Call& call, bool only_ready) {
  const models::ModelCatalog* catalog = context.catalog;
  std::vector<IndexEntry> entries;
  if (catalog) {
    for (const models::VersionStatus& one : catalog->List()) {
      const std::string reason = one.state == models::LoadState::kUnloaded && one.reason.empty() ? "unloaded" : one.reason;
      entries.push_back({one.target.id, one.target.version, StateName(one.state), reason});
    }
  }
  for (const models::ModelVersionPtr& version : context.models.List()) {
    if (catalog && catalog->Keeps({version->id, version->version})) continue;
    const std::string why = api::NotReadyReason(context, *version);
    entries.push_back({version->id, version->version, why.empty() ? "READY" : "UNAVAILABLE", why});
  }
  std::erase_if(entries, [&](const IndexEntry& entry) {
    return (only_ready && entry.state != "READY") || !api::MaySee(call.principal, call.access, entry.name);
  });
  std::stable_sort(entries.begin(), entries.end(),
                   [](const IndexEntry& a, const IndexEntry& b) { return a.name < b.name; });
  return entries;
}

}  // namespace pano::inference
