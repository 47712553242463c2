#pragma once

#include <string>
#include <string_view>

#include "app/api/failure.h"
#include "app/api/policy/access.h"
#include "app/auth/principal.h"
#include "app/models/model_host.h"
#include "base/result.h"

namespace pano::api {

// How a request names a model. Views into the request, but for `sticky`.
struct ModelName {
  std::string_view name = {};     // id, alias or id@version; "": the only one that the caller may see
  std::string_view version = {};  // "/versions/{version}" of the path; "": none
  // Who asks, for models whose versions share requests (models::VersionRoutes); "": cannot be told apart.
  std::string sticky = {};
};

// What may be done once it is known who calls. What a caller may not know of is answered exactly as
// what does not exist; what it may know of and not do is PermissionDenied, "insufficient_scope", with
// the scope that is missing.

// Whether a model exists for this caller: it may read it, or do with it what `access` is about.
bool MaySee(const auth::Principal& principal, const Access& access, std::string_view model_id);

// By policies that are no model's: metrics:read and admin. ok: nothing stands in the way here.
Failure Authorize(const Access& access, const auth::Principal& principal);

// The version of a model that `name` (of the path, or of the body) means to this caller: NotFound for
// what it may not see, in the words for what is not there; Unavailable for what is not loaded;
// PermissionDenied for what it may see and not do this with, by the id that was found: the name may be an
// alias that meant nothing, or another model, when the request was let in.
Result<models::ModelVersionPtr> LookUpModel(const models::ModelHost& models,
                                            const auth::Principal& principal, const Access& access,
                                            const ModelName& name);

// The same, whether it is loaded or not.
Result<models::ModelTarget> ResolveModel(const models::ModelHost& models,
                                         const auth::Principal& principal, const Access& access,
                                         const ModelName& name);

// By the policy of a model's route. NotFound as LookUpModel has it; ok also where no model has the name
// and the caller might do this with one that had: the handler knows more.
Failure AuthorizeModel(const models::ModelHost& models, const auth::Principal& principal,
                       const Access& access, const ModelName& name);

}  // namespace pano::api
