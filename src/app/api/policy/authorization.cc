#include "app/api/policy/authorization.h"

#include <string>
#include <utility>

#include "app/api/policy/challenge.h"
#include "base/strings.h"

namespace pano::api {

bool MaySee(const auth::Principal& principal, const Access& access, std::string_view model_id) {
  if (principal.scopes.AllowsModel(model_id, auth::Permission::kRead)) return true;
  return access.kind == Access::Kind::kModel &&
         principal.scopes.AllowsModel(model_id, access.permission);
}

Failure Authorize(const Access& access, const auth::Principal& principal) {
  const auth::ScopeSet& scopes = principal.scopes;
  if (access.kind == Access::Kind::kMetrics && !scopes.AllowsMetrics()) {
    return InsufficientScope(PolicyName(access));
  }
  if (access.kind == Access::Kind::kAdmin && !scopes.IsAdmin()) {
    return InsufficientScope(PolicyName(access));
  }
  return {};
}

namespace {

// Whether the caller may do with this model what `access` is about.
Failure MayUse(const auth::Principal& principal, const Access& access, std::string_view id) {
  if (access.kind != Access::Kind::kModel || principal.scopes.AllowsModel(id, access.permission)) return {};
  constexpr size_t kShownMax = 256;  // more than an id has: the name may be the caller's own
  return InsufficientScope(auth::ModelScope(id.substr(0, kShownMax), access.permission));
}

Result<models::ModelTarget> ResolveVisible(const models::ModelHost& models, const auth::Principal& principal,
                                           const Access& access, const ModelName& name) {
  const auto visible = [&](std::string_view id) { return MaySee(principal, access, id); };
  if (name.version.empty()) return models.Resolve(name.name, visible, name.sticky);
  return models.Resolve(name.name, name.version, visible);
}

}  // namespace

Result<models::ModelVersionPtr> LookUpModel(const models::ModelHost& models,
                                            const auth::Principal& principal, const Access& access,
                                            const ModelName& name) {
  const auto visible = [&](std::string_view id) { return MaySee(principal, access, id); };
  Result<models::ModelVersionPtr> found = name.version.empty() ? models.Find(name.name, visible, name.sticky)
                                                               : models.Find(name.name, name.version, visible);
  if (!found.ok()) return found;
  PANO_RETURN_IF_ERROR(MayUse(principal, access, (*found)->id).status);
  return found;
}

Result<models::ModelTarget> ResolveModel(const models::ModelHost& models,
                                         const auth::Principal& principal, const Access& access,
                                         const ModelName& name) {
  PANO_ASSIGN_OR_RETURN(models::ModelTarget target, ResolveVisible(models, principal, access, name));
  PANO_RETURN_IF_ERROR(MayUse(principal, access, target.id).status);
  return target;
}

Failure AuthorizeModel(const models::ModelHost& models, const auth::Principal& principal,
                       const Access& access, const ModelName& name) {
  Result<models::ModelTarget> found = ResolveVisible(models, principal, access, name);
  // Where nothing is loaded by that name, or nothing that this caller may see, the name has to do.
  const std::string_view id = found.ok() ? std::string_view(found->id)
                                         : name.name.substr(0, name.name.find('@'));
  if (!found.ok() && id.empty()) return {};
  if (!found.ok() && !MaySee(principal, access, id)) return found.error();
  return MayUse(principal, access, id);
}

}  // namespace pano::api
