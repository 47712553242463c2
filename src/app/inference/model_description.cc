#include "app/inference/model_description.h"

#include "app/api/fields.h"
#include "app/inference/server_state.h"
#include "base/strings.h"

namespace pano::inference {

Result<ModelDescription> Describe(const api::Context& context, const api::Call& call) {
  PANO_ASSIGN_OR_RETURN(const models::ModelVersionPtr version, LookUp(context, call));
  ModelDescription description;
  description.name = version->id;
  description.version = version->version;
  for (const models::ModelVersionPtr& one : context.models.Versions(version->id)) {
    description.versions.push_back(one->version);
  }
  description.platform = StrCat(kServerName, "_", version->Card().task);
  description.streams = version->AsGenerator() != nullptr;
  description.batch_max = api::kInputsMax;
  description.signature = SignatureOf(*version);
  return description;
}

}  // namespace pano::inference
