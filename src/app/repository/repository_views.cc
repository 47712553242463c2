// What the repository's state looks like: to the decision, to whoever is refused, and in lists.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "app/repository/content_hash.h"
#include "app/repository/refusals.h"
#include "app/repository/repository.h"
#include "base/strings.h"

namespace pano::repository {

using models::LoadState;
using models::ModelVersionPtr;
using models::VersionStatus;

const std::string& Repository::ModelOf(const Version& version) {
  return version.base ? version.base->first : version.found.target.id;
}

uint64_t Repository::ContentOf(const Version& version) const {
  const Version* const base = BaseVersion(version);
  if (!version.base) return version.found.content;
  ContentHash hash;
  hash.Add(version.found.content);
  hash.Add(base && base->serving ? base->serving_number : 0);
  return hash.value();
}

bool Repository::Settled(const Version& version, TimePoint now) const {
  if (!version.present || !version.found.growing.empty()) return false;
  const auto settings = settings_.find(ModelOf(version));
  const bool usable = version.pinned() || (settings != settings_.end() && settings->second.usable());
  if (!usable) return false;
  return version.found.listed || version.seen_quiet || now - version.content_since >= options_.quiet;
}

std::string Repository::NotSettledReason(const Version& version) const {
  const auto settings = settings_.find(ModelOf(version));
  if (settings != settings_.end() && !settings->second.usable()) return settings->second.problem();
  return version.found.growing.empty() ? "it has changed a moment ago" : version.found.growing;
}

bool Repository::Hopeless(const Version& version, TimePoint now) const {
  if (version.loading) return false;
  return version.stopped || !Settled(version, now) || (HasFailed(version) && now < version.retry_at);
}

uint64_t Repository::BytesOf(const Version& version) const {
  if (version.known_bytes > 0) return version.known_bytes;
  return version.found.weight_bytes + (version.is_adapter() ? 0 : options_.state_bytes);
}

std::vector<VersionView> Repository::MakeViews(std::vector<Version*>& order, TimePoint now) const {
  std::vector<VersionView> views;
  std::unordered_map<const Version*, size_t> places;
  std::string last;
  size_t model = 0;
  for (auto& [key, version] : const_cast<std::map<Key, Version>&>(versions_)) {
    if (!views.empty() && key.first != last) ++model;
    last = key.first;
    places.emplace(&version, order.size());
    order.push_back(&version);
    // Of an adapter several copies may have requests: they are small, and nothing cuts these short.
    const size_t leaving_most = version.is_adapter() ? 4 : 1;
    VersionView view{.model = model,
                     .pinned = version.pinned(),
                     .present = version.present,
                     .settled = Settled(version, now),
                     .content = ContentOf(version),
                     .loaded = version.serving != nullptr,
                     .unloading = version.leaving.size() >= leaving_most,
                     .loading = version.loading,
                     .broken = version.broken,
                     .loaded_content = version.serving_content,
                     .last_used = version.last_used,
                     .bytes = BytesOf(version),
                     .failed_content = version.failed_content,
                     .retry_at = version.retry_at,
                     .desired = version.desired || version.pinned(),
                     .asked = version.asked,
                     .stopped = version.stopped,
                     .parked = version.parked,
                     .waiting_since = version.wanted_since};
    for (const ModelVersionPtr& copy : version.leaving) view.leaving_bytes += copy->weight_bytes + copy->state_bytes;
    // The host and this have a copy each.
    if (version.serving) view.busy = IsBusy(version.serving, 2);
    views.push_back(view);
  }
  for (size_t i = 0; i < views.size(); ++i) {
    const Version* const base = BaseVersion(*order[i]);
    if (!base) continue;
    views[i].base = places.at(base);
    views[i].desired = base->serving != nullptr;
    views[i].left_behind = IsLeftBehind(*order[i]);
  }
  return views;
}

models::ModelCatalog::Refusal Repository::RefusalOf(const Version& version, TimePoint now) const {
  return RefusalFor(version.found.target.FullName(), version, now);
}

// Why a request for `name` cannot have it now. What an adapter changes is not named: not everybody who may use the
// adapter may see it.
models::ModelCatalog::Refusal Repository::RefusalFor(const std::string& name, const Version& version,
                                                     TimePoint now) const {
  if (version.loading) {
    const models::LoadProgress progress =
        speed_.Progress(version.found.weight_bytes, now - version.loading_since);
    return {.status = Unavailable(StrCat("the model '", name, "' is being loaded: ",
                                         static_cast<int>(progress.fraction * 100), " %, about ",
                                         progress.eta_seconds, " s left"),
                                  "model_loading"),
            .retry_after_seconds = progress.eta_seconds,
            .progress = progress};
  }
  if (version.stopped) {
    return {.status = Unavailable(StrCat("the model '", name, "' was unloaded on request"), "model_unloaded"),
            .retry_after_seconds = 60};
  }
  if (!Settled(version, now)) {
    const std::string why = NotSettledReason(version);
    return {.status = Unavailable(StrCat("the model '", name, "' is not complete yet: ", why), "model_incomplete"),
            .retry_after_seconds = SecondsUp(options_.quiet)};
  }
  if (const Version* const base = BaseVersion(version); base && !base->serving) return RefusalFor(name, *base, now);
  if (HasFailed(version)) {
    return {.status = Unavailable(StrCat("the model '", name, "' cannot be loaded: ", version.reason), "model_failed"),
            .retry_after_seconds = SecondsUp(version.retry_at - now)};
  }
  return {.status = Unavailable(StrCat("the model '", name, "' waits to be loaded",
                                       version.reason.empty() ? "" : ": ", version.reason),
                                "model_not_loaded"),
          .retry_after_seconds = SecondsUp(speed_.Estimate(version.found.weight_bytes))};
}

VersionStatus Repository::StatusOf(const Version& version, TimePoint now) const {
  VersionStatus status{.target = version.found.target,
                       .parent = version.base ? version.base->first : "",
                       .reason = version.reason};
  for (const model_settings::Label& label : SettingsOf(ModelOf(version)).labels) {
    if (label.version == version.found.target.version) status.labels.push_back(label.name);
  }
  const bool settled = Settled(version, now);
  if (version.serving) {
    status.state = LoadState::kReady;
    if (version.broken) status.reason = "its files have changed";
    if (!version.found.growing.empty() && version.is_adapter()) status.reason = version.found.growing;
  } else if (version.loading) {
    status.state = LoadState::kLoading;
  } else if (!version.leaving.empty()) {
    status.state = LoadState::kUnloading;
  } else if (HasFailed(version)) {
    status.state = LoadState::kFailed;
  } else if (!settled) {
    status.reason = NotSettledReason(version);
  } else {
    const Version* const base = BaseVersion(version);
    status.on_request = !version.stopped && !(base && Hopeless(*base, now));
  }
  if (version.loading) {
    status.progress = speed_.Progress(version.found.weight_bytes, now - version.loading_since);
  }
  return status;
}

void Repository::Publish(TimePoint now) {
  std::vector<VersionStatus> list;
  list.reserve(versions_.size());
  for (const auto& [key, version] : versions_) {
    if (!version.pinned()) list.push_back(StatusOf(version, now));
  }
  // By id, then by number.
  std::stable_sort(list.begin(), list.end(), [](const VersionStatus& a, const VersionStatus& b) {
    if (a.target.id != b.target.id) return a.target.id < b.target.id;
    return ParseInt(a.target.version).value_or(0) < ParseInt(b.target.version).value_or(0);
  });
  MutexLock lock(mu_);
  published_ = std::move(list);
}

}  // namespace pano::repository
