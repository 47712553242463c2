#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pano::auth {

// What may be done with a model. None implies another.
enum class Permission : uint8_t {
  kPredict,  // send it requests
  kRead,     // see that it exists, and what it is
  kManage,   // load, unload, configure it
};

// "predict", "read", "manage".
std::string_view PermissionName(Permission permission);
// "models:org/name:predict", as a refusal names what is missing.
std::string ModelScope(std::string_view id, Permission permission);

// What a caller may do: a set of
//   models:<id|*>:<predict|read|manage>   an id may contain '/'; '*' stands alone and means every model
//   metrics:read
//   admin                                 implies everything
// A value; thread-compatible. Parsed once for each token or key.
class ScopeSet {
 public:
  // The set of nothing.
  ScopeSet() = default;
  // Everything: what keyless servers and `admin` allow.
  static ScopeSet All();
  // Of scopes with spaces between (RFC 6749, 3.3). InvalidArgument names the first that is none.
  static Result<ScopeSet> Parse(std::string_view space_separated);
  // The same, but what is no scope of ours ("openid", "profile") is left out: tokens carry those of
  // other servers too.
  static ScopeSet ParseLenient(std::string_view space_separated);

  // `id` is the id of a model, not another name of it.
  bool AllowsModel(std::string_view id, Permission permission) const;
  bool AllowsMetrics() const { return admin_ || metrics_; }
  bool IsAdmin() const { return admin_; }
  bool empty() const { return !admin_ && !metrics_ && models_.empty(); }

  // Whether whoever has this set has all of `other`, too.
  bool Contains(const ScopeSet& other) const;
  // Adds all of `other`.
  void Add(const ScopeSet& other);

  // The scopes with spaces between, in a fixed order: Parse gives the same set again.
  std::string ToString() const;

  bool operator==(const ScopeSet& other) const = default;

 private:
  bool AddScope(std::string_view scope);
  void AddModel(std::string_view id, uint8_t permissions);
  uint8_t PermissionsOf(std::string_view id) const;

  bool admin_ = false;
  bool metrics_ = false;
  // Id or "*" and its permissions, a bit each; sorted by id.
  std::vector<std::pair<std::string, uint8_t>> models_;
};

}  // namespace pano::auth
