#include "app/models/model_host.h"

#include <algorithm>
#include <utility>

#include "base/closest_name.h"
#include "base/strings.h"

namespace pano::models {
namespace {

bool IsIdSegment(std::string_view text) {
  auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 64 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), allowed);
}

std::string_view IdOf(std::string_view name) { return name.substr(0, name.find('@')); }

// 0 to 99, spread evenly over the texts of callers and another for each model: FNV-1a (Fowler, Noll,
// Vo), whose bits splitmix64's finaliser (Steele et al.) mixes.
int PercentOf(std::string_view id, std::string_view sticky) {
  uint64_t hash = 14695981039346656037u;
  auto add = [&hash](std::string_view text) {
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  };
  add(id);
  add(std::string_view("\0", 1));
  add(sticky);
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
  return static_cast<int>((hash ^ (hash >> 31)) % 100);
}

bool Sees(const ModelHost::Visible& visible, std::string_view id) { return !visible || visible(id); }

}  // namespace

bool IsModelId(std::string_view text) {
  constexpr size_t kBytesMax = 3 * 64 + 2;
  if (text.size() > kBytesMax) return false;
  std::vector<std::string_view> segments = Split(text, '/');
  return segments.size() <= 3 && std::all_of(segments.begin(), segments.end(), IsIdSegment);
}

bool ModelHost::VersionLess::operator()(const std::string& a, const std::string& b) const {
  std::optional<int64_t> left = ParseInt(a);
  std::optional<int64_t> right = ParseInt(b);
  if (left && right && *left != *right) return *left < *right;
  if (left.has_value() != right.has_value()) return left.has_value();
  return a < b;
}

Status ModelHost::Add(ModelVersionPtr version) {
  MutexLock lock(mu_);
  std::string name = version->FullName();
  bool added = models_[version->id].loaded.emplace(version->version, std::move(version)).second;
  if (added) return {};
  return Status(StatusCode::kAlreadyExists, StrCat("[models] '", name, "' is served already"));
}

ModelVersionPtr ModelHost::Put(ModelVersionPtr version) {
  MutexLock lock(mu_);
  ModelVersionPtr& slot = models_[version->id].loaded[version->version];
  return std::exchange(slot, std::move(version));
}

ModelVersionPtr ModelHost::Remove(const ModelTarget& target) {
  MutexLock lock(mu_);
  const auto model = models_.find(target.id);
  if (model == models_.end()) return nullptr;
  const auto version = model->second.loaded.find(target.version);
  if (version == model->second.loaded.end()) return nullptr;
  ModelVersionPtr removed = std::move(version->second);
  model->second.loaded.erase(version);
  if (model->second.loaded.empty() && model->second.known.empty()) models_.erase(model);
  return removed;
}

void ModelHost::SetKnown(const std::string& id, std::vector<std::string> versions,
                         VersionRoutes routes, std::string parent) {
  MutexLock lock(mu_);
  Model& model = models_[id];
  model.known = {versions.begin(), versions.end()};
  model.routes = std::move(routes);
  model.parent = std::move(parent);
  if (model.loaded.empty() && model.known.empty()) models_.erase(id);
}

Status ModelHost::AddAlias(ModelAlias alias) {
  MutexLock lock(mu_);
  PANO_RETURN_IF_ERROR(ResolveKnown(alias.target, {}, {}).status());
  bool taken = models_.contains(alias.name);
  if (!taken && aliases_.emplace(alias.name, std::move(alias.target)).second) return {};
  return Status(StatusCode::kAlreadyExists,
                StrCat("[models] the name '", Printable(alias.name), "' is taken already"));
}

Status ModelHost::AnswerAnyName() {
  MutexLock lock(mu_);
  const auto count = std::count_if(models_.begin(), models_.end(),
                                   [](const auto& one) { return !one.second.is_adapter(); });
  if (count != 1) {
    return InvalidArgument(
        StrCat("[models] any name can mean one model only, and ", count, " are served"));
  }
  any_name_ = true;
  return {};
}

// With the names that there are, where one of them may have been meant.
Status ModelHost::NoModel(std::string_view name, const Visible& visible) const {
  std::vector<std::string_view> known;
  for (const auto& [id, model] : models_) {
    if (Sees(visible, id)) known.push_back(id);
  }
  for (const auto& [alias, target] : aliases_) {
    if (models_.find(IdOf(target)) != models_.end() && Sees(visible, IdOf(target))) known.push_back(alias);
  }
  return NotFound(StrCat("the model '", Printable(name), "' does not exist here",
                         DidYouMean(name, known)))
      .WithReason("model_not_found")
      .WithField("model");
}

std::string ModelHost::DefaultVersion(const std::string& id, const Model& model,
                                      std::string_view sticky) const {
  if (!sticky.empty() && !model.routes.shares.empty()) {
    // Who has a version of a model has its adapters over the same.
    int point = PercentOf(model.parent.empty() ? id : model.parent, sticky);
    for (const VersionRoutes::Share& share : model.routes.shares) {
      if (point < share.percent && model.loaded.contains(share.version)) return share.version;
      if (point < share.percent) break;  // it is not there: all of its share is stable's
      point -= share.percent;
    }
  }
  const auto stable = model.routes.labels.find("stable");
  if (stable != model.routes.labels.end() &&
      (model.loaded.contains(stable->second) || model.known.contains(stable->second))) {
    return stable->second;
  }
  if (!model.loaded.empty()) return model.loaded.rbegin()->first;
  const auto parent = models_.find(model.parent);
  if (parent != models_.end() && parent->second.parent.empty()) {
    std::string version = DefaultVersion(parent->first, parent->second, sticky);
    if (model.known.contains(version)) return version;
  }
  return *model.known.rbegin();
}

Result<ModelTarget> ModelHost::ResolveVersion(ModelMap::const_iterator model,
                                              std::string_view version,
                                              const Visible& visible) const {
  const auto& [id, one] = *model;
  std::string wanted(version);
  if (const auto label = one.routes.labels.find(version); label != one.routes.labels.end()) {
    wanted = label->second;
  }
  if (one.loaded.contains(wanted) || one.known.contains(wanted)) return ModelTarget{id, wanted};
  return NoModel(StrCat(id, "@", version), visible);
}

// An id, id@version or id@label.
Result<ModelTarget> ModelHost::ResolveKnown(std::string_view name, const Visible& visible,
                                            std::string_view sticky) const {
  size_t at = std::min(name.find('@'), name.size());
  const auto it = models_.find(name.substr(0, at));
  if (it == models_.end() || !Sees(visible, it->first)) return NoModel(name, visible);
  if (at == name.size()) {
    return ModelTarget{it->first, DefaultVersion(it->first, it->second, sticky)};
  }
  return ResolveVersion(it, name.substr(at + 1), visible);
}

// The one model that there is for whoever asks.
Result<ModelTarget> ModelHost::ResolveOnly(const Visible& visible, std::string_view sticky) const {
  auto only = models_.end();
  for (auto it = models_.begin(); it != models_.end(); ++it) {
    if (!Sees(visible, it->first) || it->second.is_adapter()) continue;
    if (only != models_.end()) {
      return InvalidArgument("several models are served: say which by 'model'").WithField("model");
    }
    only = it;
  }
  if (only != models_.end()) {
    return ModelTarget{only->first, DefaultVersion(only->first, only->second, sticky)};
  }
  return NotFound("no model is served here").WithReason("model_not_found").WithField("model");
}

Result<ModelTarget> ModelHost::ResolveLocked(std::string_view name, const Visible& visible,
                                             std::string_view sticky) const {
  if (name.empty()) return ResolveOnly(visible, sticky);
  const auto alias = aliases_.find(name);
  if (alias != aliases_.end() && Sees(visible, IdOf(alias->second))) {
    // A target that is gone is said by the name that was asked for.
    Result<ModelTarget> target = ResolveKnown(alias->second, visible, sticky);
    return target.ok() ? target : NoModel(name, visible);
  }
  const auto known = models_.find(IdOf(name));
  const bool any = any_name_ && (known == models_.end() || !Sees(visible, known->first));
  const auto only = std::find_if(models_.begin(), models_.end(),
                                 [](const auto& one) { return !one.second.is_adapter(); });
  if (any && only != models_.end() && Sees(visible, only->first)) {
    const auto& [id, model] = *only;
    return ModelTarget{id, DefaultVersion(id, model, sticky)};
  }
  return ResolveKnown(name, visible, sticky);
}

Result<ModelVersionPtr> ModelHost::Loaded(const ModelTarget& target) const {
  const Model& model = models_.find(target.id)->second;  // it was resolved under the same lock
  const auto found = model.loaded.find(target.version);
  if (found != model.loaded.end()) return found->second;
  return Status(StatusCode::kUnavailable,
                StrCat("the model '", target.FullName(), "' is not loaded"))
      .WithReason("model_not_loaded")
      .WithField("model");
}

Result<ModelTarget> ModelHost::Resolve(std::string_view name, const Visible& visible,
                                       std::string_view sticky) const {
  MutexLock lock(mu_);
  return ResolveLocked(name, visible, sticky);
}

Result<ModelTarget> ModelHost::Resolve(std::string_view id, std::string_view version,
                                       const Visible& visible) const {
  MutexLock lock(mu_);
  const auto it = models_.find(id);
  if (it == models_.end() || !Sees(visible, it->first)) return NoModel(id, visible);
  return ResolveVersion(it, version, visible);
}

bool ModelHost::NamesVersion(std::string_view name, const Visible& visible) const {
  MutexLock lock(mu_);
  const auto alias = aliases_.find(name);
  const bool is_alias = alias != aliases_.end() && Sees(visible, IdOf(alias->second));
  const std::string_view target = is_alias ? std::string_view(alias->second) : name;
  return target.find('@') != std::string_view::npos && models_.find(IdOf(target)) != models_.end();
}

Result<ModelVersionPtr> ModelHost::Find(std::string_view name, const Visible& visible,
                                        std::string_view sticky) const {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const ModelTarget target, ResolveLocked(name, visible, sticky));
  return Loaded(target);
}

Result<ModelVersionPtr> ModelHost::Find(std::string_view id, std::string_view version,
                                        const Visible& visible) const {
  MutexLock lock(mu_);
  const auto it = models_.find(id);
  if (it == models_.end() || !Sees(visible, it->first)) return NoModel(id, visible);
  PANO_ASSIGN_OR_RETURN(const ModelTarget target, ResolveVersion(it, version, visible));
  return Loaded(target);
}

std::vector<std::string> ModelHost::Aliases(std::string_view id) const {
  MutexLock lock(mu_);
  std::vector<std::string> names;
  for (const auto& [name, target] : aliases_) {
    if (IdOf(target) == id) names.push_back(name);
  }
  return names;
}

std::vector<ModelVersionPtr> ModelHost::List() const {
  MutexLock lock(mu_);
  std::vector<ModelVersionPtr> list;
  for (const auto& [id, model] : models_) {
    for (const auto& [name, version] : model.loaded) list.push_back(version);
  }
  return list;
}

std::vector<ModelVersionPtr> ModelHost::Versions(std::string_view id) const {
  MutexLock lock(mu_);
  std::vector<ModelVersionPtr> list;
  auto it = models_.find(id);
  if (it == models_.end()) return list;
  for (const auto& [name, version] : it->second.loaded) list.push_back(version);
  return list;
}

}  // namespace pano::models
