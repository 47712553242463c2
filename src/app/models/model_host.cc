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
  bool added = models_[version->id].emplace(version->version, std::move(version)).second;
  if (added) return {};
  return Status(StatusCode::kAlreadyExists, StrCat("[models] '", name, "' is served already"));
}

Status ModelHost::AddAlias(ModelAlias alias) {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(ModelVersionPtr version, FindKnown(alias.target, {}));
  bool taken = models_.contains(alias.name);
  if (!taken && aliases_.emplace(alias.name, std::move(version)).second) return {};
  return Status(StatusCode::kAlreadyExists,
                StrCat("[models] the name '", Printable(alias.name), "' is taken already"));
}

Status ModelHost::AnswerAnyName() {
  MutexLock lock(mu_);
  if (models_.size() != 1) {
    return InvalidArgument(StrCat("[models] any name can mean one model only, and ",
                                  models_.size(), " are served"));
  }
  any_name_ = true;
  return {};
}

// With the names that there are, where one of them may have been meant.
Status ModelHost::NoModel(std::string_view name, const Visible& visible) const {
  std::vector<std::string_view> known;
  for (const auto& [id, versions] : models_) {
    if (Sees(visible, id)) known.push_back(id);
  }
  for (const auto& [alias, version] : aliases_) {
    if (Sees(visible, version->id)) known.push_back(alias);
  }
  return NotFound(StrCat("the model '", Printable(name), "' does not exist here",
                         DidYouMean(name, known)))
      .WithReason("model_not_found")
      .WithField("model");
}

// An id or id@version.
Result<ModelVersionPtr> ModelHost::FindKnown(std::string_view name, const Visible& visible) const {
  size_t at = std::min(name.find('@'), name.size());
  auto it = models_.find(name.substr(0, at));
  if (it == models_.end() || !Sees(visible, it->first)) return NoModel(name, visible);
  if (at == name.size()) return it->second.rbegin()->second;
  auto version = it->second.find(std::string(name.substr(at + 1)));
  if (version == it->second.end()) return NoModel(name, visible);
  return version->second;
}

// The one model that there is for whoever asks.
Result<ModelVersionPtr> ModelHost::FindOnly(const Visible& visible) const {
  const VersionMap* only = nullptr;
  for (const auto& [id, versions] : models_) {
    if (!Sees(visible, id)) continue;
    if (only) {
      return InvalidArgument("several models are served: say which by 'model'").WithField("model");
    }
    only = &versions;
  }
  if (only) return only->rbegin()->second;
  return NotFound("no model is served here").WithReason("model_not_found").WithField("model");
}

Result<ModelVersionPtr> ModelHost::Find(std::string_view name, const Visible& visible) const {
  MutexLock lock(mu_);
  if (name.empty()) return FindOnly(visible);
  auto alias = aliases_.find(name);
  if (alias != aliases_.end() && Sees(visible, alias->second->id)) return alias->second;
  auto known = models_.find(name.substr(0, name.find('@')));
  const bool any = any_name_ && (known == models_.end() || !Sees(visible, known->first));
  if (any && Sees(visible, models_.begin()->first)) {
    return models_.begin()->second.rbegin()->second;
  }
  return FindKnown(name, visible);
}

Result<ModelVersionPtr> ModelHost::Find(std::string_view id, std::string_view version,
                                        const Visible& visible) const {
  MutexLock lock(mu_);
  auto it = models_.find(id);
  if (it == models_.end() || !Sees(visible, it->first)) return NoModel(id, visible);
  auto found = it->second.find(std::string(version));
  if (found == it->second.end()) return NoModel(StrCat(id, "@", version), visible);
  return found->second;
}

std::vector<std::string> ModelHost::Aliases(std::string_view id) const {
  MutexLock lock(mu_);
  std::vector<std::string> names;
  for (const auto& [name, version] : aliases_) {
    if (version->id == id) names.push_back(name);
  }
  return names;
}

std::vector<ModelVersionPtr> ModelHost::List() const {
  MutexLock lock(mu_);
  std::vector<ModelVersionPtr> list;
  for (const auto& [id, versions] : models_) {
    for (const auto& [name, version] : versions) list.push_back(version);
  }
  return list;
}

std::vector<ModelVersionPtr> ModelHost::Versions(std::string_view id) const {
  MutexLock lock(mu_);
  std::vector<ModelVersionPtr> list;
  auto it = models_.find(id);
  if (it == models_.end()) return list;
  for (const auto& [name, version] : it->second) list.push_back(version);
  return list;
}

}  // namespace pano::models
