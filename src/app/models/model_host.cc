#include "app/models/model_host.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace pano::models {
namespace {

Status NoModel(std::string_view name) {
  return NotFound(StrCat("the model '", Printable(name), "' does not exist here"))
      .WithReason("model_not_found")
      .WithField("model");
}

}  // namespace

bool IsModelId(std::string_view text) {
  auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), allowed);
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

Result<ModelVersionPtr> ModelHost::Find(std::string_view name) const {
  size_t at = name.find('@');
  if (at != std::string_view::npos) return Find(name.substr(0, at), name.substr(at + 1));
  MutexLock lock(mu_);
  if (name.empty()) {
    if (models_.size() == 1) return models_.begin()->second.rbegin()->second;
    return InvalidArgument("several models are served: say which by 'model'").WithField("model");
  }
  auto it = models_.find(name);
  if (it == models_.end()) return NoModel(name);
  return it->second.rbegin()->second;
}

Result<ModelVersionPtr> ModelHost::Find(std::string_view id, std::string_view version) const {
  MutexLock lock(mu_);
  auto it = models_.find(id);
  if (it == models_.end()) return NoModel(id);
  auto found = it->second.find(std::string(version));
  if (found == it->second.end()) return NoModel(StrCat(id, "@", version));
  return found->second;
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
