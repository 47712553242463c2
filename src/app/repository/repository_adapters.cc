// The adapters of a repository: who has which name, what lies in their folders, and how they follow the
// versions that they change.
#include <algorithm>
#include <utility>

#include "app/repository/adapter_scan.h"
#include "app/repository/refusals.h"
#include "app/repository/repository.h"
#include "base/log.h"
#include "base/strings.h"

namespace pano::repository {

using models::ModelVersionPtr;

const Repository::Version* Repository::BaseVersion(const Version& version) const {
  if (!version.base) return nullptr;
  const auto base = versions_.find(*version.base);
  return base == versions_.end() ? nullptr : &base->second;
}

ModelVersionPtr Repository::ServingBase(const Version& version) const {
  if (version.pinned()) return version.pinned_base;
  const Version* const base = BaseVersion(version);
  return base ? base->serving : nullptr;
}

std::vector<Repository::Version*> Repository::AdaptersOf(const Version& version) {
  std::vector<Version*> adapters;
  const Key key{version.found.target.id, version.found.target.version};
  for (auto& [name, one] : versions_) {
    if (one.base == key) adapters.push_back(&one);
  }
  return adapters;
}

bool Repository::IsLeftBehind(const Version& version) const {
  return version.base && version.serving && models::BaseOf(*version.serving) != ServingBase(version);
}

// Whether an adapter's copy computes with that of its model.
bool Repository::HasAdapters(const ModelVersionPtr& copy) const {
  const auto is_over = [&](const ModelVersionPtr& adapter) { return models::BaseOf(*adapter) == copy; };
  return std::any_of(versions_.begin(), versions_.end(), [&](const auto& entry) {
    const Version& version = entry.second;
    return version.base && ((version.serving && is_over(version.serving)) ||
                            std::any_of(version.leaving.begin(), version.leaving.end(), is_over));
  });
}

void Repository::RetireAdaptersOf(const ModelVersionPtr& copy, const std::string& reason, TimePoint now) {
  for (auto& [key, version] : versions_) {
    if (!version.base || !version.serving || models::BaseOf(*version.serving) != copy) continue;
    LogInfo("[models] ", version.found.target.FullName(), " takes no more requests: ", reason);
    (void)host_.Remove(version.found.target);
    Retire(version, now);
    version.reason = reason;
    version.asked = false;
  }
}

// Who had a name first keeps it as long as he asks for it.
void Repository::NameAdapters(std::set<std::string>& problems) {
  std::map<std::string, std::string> named;
  for (const bool old : {true, false}) {
    for (const auto& [id, model] : models_) {
      for (const models::AdapterSource& source : SettingsOf(id).adapters) {
        const auto had = named_.find(source.id);
        if (old && (had == named_.end() || had->second != id)) continue;
        if (models_.contains(source.id) || options_.taken.contains(source.id)) {
          problems.insert(StrCat(model.settings_path, ": adapters: '", source.id, "' is served already"));
        } else if (const auto [owner, added] = named.emplace(source.id, id); !added && owner->second != id) {
          problems.insert(StrCat(model.settings_path, ": adapters: '", source.id, "' is an adapter of another model"));
        }
      }
    }
  }
  named_ = std::move(named);
}

void Repository::TakeAdapter(const models::AdapterSource& source, const FoundModel& model,
                             std::set<std::string>& problems, TimePoint now) {
  const std::string path = source.path.starts_with('/')
                               ? source.path
                               : JoinPath(JoinPath(options_.folder, model.id), source.path);
  FoundVersion found = ScanAdapter(path, env_, stamps_);
  if (!found.growing.empty()) problems.insert(StrCat("adapter ", source.id, " of ", model.id, ": ", found.growing));
  for (const FoundVersion& base : model.versions) {
    const Key base_key{model.id, base.target.version};
    Version& version = versions_[{source.id, base.target.version}];
    const bool fresh = version.content_since == TimePoint();
    // Somebody else's of that name has requests yet.
    if (!fresh && version.base != base_key) continue;
    version.base = base_key;
    found.target = {source.id, base.target.version};
    See(version, found, now);
    // What is missing is said by whoever reads it, as long as there is nothing to keep.
    if (!version.serving) version.found.growing.clear();
  }
}

void Repository::TakeAdapters(std::set<std::string>& problems, TimePoint now) {
  NameAdapters(problems);
  size_t left = options_.limits.adapters_max;
  for (const auto& [id, model] : models_) {
    for (const models::AdapterSource& source : SettingsOf(id).adapters) {
      const auto owner = named_.find(source.id);
      if (owner == named_.end() || owner->second != id) continue;
      if (model.versions.size() > left) {
        problems.insert(StrCat(model.settings_path, ": adapters: there are more than ", options_.limits.adapters_max,
                               " of all models' versions together"));
        break;
      }
      left -= model.versions.size();
      TakeAdapter(source, model, problems, now);
    }
  }
  for (auto& [key, version] : versions_) {
    if (!version.pinned()) continue;
    FoundVersion found = ScanAdapter(version.found.path, env_, stamps_);
    found.target = version.found.target;
    if (!found.growing.empty()) problems.insert(StrCat("adapter ", key.first, ": ", found.growing));
    See(version, found, now);
  }
}

}  // namespace pano::repository
