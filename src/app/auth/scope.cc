#include "app/auth/scope.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"

namespace pano::auth {
namespace {

constexpr std::string_view kAnyModel = "*";
constexpr std::array kPermissions = {Permission::kPredict, Permission::kRead, Permission::kManage};

uint8_t BitOf(Permission permission) {
  return static_cast<uint8_t>(1u << static_cast<unsigned>(permission));
}

// One to three segments of [A-Za-z0-9._-]{1,64} joined by '/', as models are named.
bool IsModelId(std::string_view id) {
  const std::vector<std::string_view> segments = Split(id.substr(0, 256), '/');
  if (id.size() > 256 || segments.size() > 3) return false;
  return std::all_of(segments.begin(), segments.end(), [](std::string_view segment) {
    return !segment.empty() && segment.size() <= 64 && segment != "." && segment != ".." &&
           std::all_of(segment.begin(), segment.end(), [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-';
           });
  });
}

std::optional<Permission> ParsePermission(std::string_view text) {
  for (Permission permission : kPermissions) {
    if (text == PermissionName(permission)) return permission;
  }
  return std::nullopt;
}

}  // namespace

std::string_view PermissionName(Permission permission) {
  switch (permission) {
    case Permission::kPredict:
      return "predict";
    case Permission::kRead:
      return "read";
    case Permission::kManage:
      return "manage";
  }
  return "";
}

std::string ModelScope(std::string_view id, Permission permission) {
  return StrCat("models:", id, ":", PermissionName(permission));
}

ScopeSet ScopeSet::All() {
  ScopeSet all;
  all.admin_ = true;
  return all;
}

Result<ScopeSet> ScopeSet::Parse(std::string_view space_separated) {
  ScopeSet set;
  for (std::string_view scope : Split(space_separated, ' ')) {
    if (scope.empty() || set.AddScope(scope)) continue;
    return InvalidArgument(StrCat("'", Printable(scope), "' is no scope: ",
                                  "models:<id|*>:<predict|read|manage>, metrics:read or admin"));
  }
  return set;
}

ScopeSet ScopeSet::ParseLenient(std::string_view space_separated) {
  ScopeSet set;
  for (std::string_view scope : Split(space_separated, ' ')) set.AddScope(scope);
  return set;
}

bool ScopeSet::AddScope(std::string_view scope) {
  if (scope == "admin") return admin_ = true;
  if (scope == "metrics:read") return metrics_ = true;
  constexpr std::string_view kModels = "models:";
  if (!scope.starts_with(kModels)) return false;
  scope.remove_prefix(kModels.size());
  const size_t colon = scope.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view id = scope.substr(0, colon);
  const std::optional<Permission> permission = ParsePermission(scope.substr(colon + 1));
  if (!permission || (id != kAnyModel && !IsModelId(id))) return false;
  AddModel(id, BitOf(*permission));
  return true;
}

void ScopeSet::AddModel(std::string_view id, uint8_t permissions) {
  auto at = std::lower_bound(models_.begin(), models_.end(), id,
                             [](const auto& entry, std::string_view key) { return entry.first < key; });
  if (at == models_.end() || at->first != id) at = models_.emplace(at, std::string(id), uint8_t{0});
  at->second = static_cast<uint8_t>(at->second | permissions);
}

uint8_t ScopeSet::PermissionsOf(std::string_view id) const {
  auto at = std::lower_bound(models_.begin(), models_.end(), id,
                             [](const auto& entry, std::string_view key) { return entry.first < key; });
  return at == models_.end() || at->first != id ? uint8_t{0} : at->second;
}

bool ScopeSet::AllowsModel(std::string_view id, Permission permission) const {
  if (admin_) return true;
  const unsigned permissions = PermissionsOf(kAnyModel) | PermissionsOf(id);
  return (permissions & BitOf(permission)) != 0;
}

bool ScopeSet::Contains(const ScopeSet& other) const {
  if (admin_) return true;
  if (other.admin_ || (other.metrics_ && !metrics_)) return false;
  const uint8_t any = PermissionsOf(kAnyModel);
  return std::all_of(other.models_.begin(), other.models_.end(), [&](const auto& entry) {
    return (entry.second & ~(any | PermissionsOf(entry.first))) == 0;
  });
}

void ScopeSet::Add(const ScopeSet& other) {
  admin_ = admin_ || other.admin_;
  metrics_ = metrics_ || other.metrics_;
  for (const auto& [id, permissions] : other.models_) AddModel(id, permissions);
}

std::string ScopeSet::ToString() const {
  std::string text;
  auto append = [&](std::string_view scope) {
    if (!text.empty()) text += ' ';
    text += scope;
  };
  if (admin_) append("admin");
  if (metrics_) append("metrics:read");
  for (const auto& [id, permissions] : models_) {
    for (Permission permission : kPermissions) {
      if ((permissions & BitOf(permission)) != 0) append(ModelScope(id, permission));
    }
  }
  return text;
}

}  // namespace pano::auth
