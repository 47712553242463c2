#include "app/api/context.h"

#include <utility>

#include "base/strings.h"

namespace pano::api {

std::string NotReadyReason(const Context& context, const models::ModelVersion& version) {
  if (Status files = version.CheckFiles(); !files.ok()) return files.message();
  double idle = version.service().GetStats().seconds_since_progress;
  if (idle <= Seconds(context.options.stall_limit)) return "";
  return StrCat("no step for ", static_cast<int64_t>(idle), " s while there is work");
}

Status Loading() {
  return Status(StatusCode::kUnavailable, "the models are still being loaded").WithReason("loading");
}

Status NotManaged(const Context& context, const std::string& id) {
  const std::vector<models::ModelVersionPtr> versions = context.models.Versions(id);
  const bool adapter = !versions.empty() && !versions.front()->parent.empty();
  return InvalidArgument(StrCat("the ", adapter ? "adapter '" : "model '", id, "' was given with ",
                                adapter ? "--adapter" : "--model", ": it is loaded as long as the server runs"))
      .WithReason("model_not_managed");
}

namespace {

// OpenAI's `user`, or the session that a client names; of whoever says neither each request is on its own.
std::string WhoAsks(const Call& call) {
  const json::Value* user = call.body.Find("user");
  if (user && user->is_string() && !user->as_string().empty()) {
    return StrCat(call.principal.tenant, " user ", user->as_string());
  }
  const std::string_view session = call.request().Header("X-Session-Id");
  if (!session.empty()) return StrCat(call.principal.tenant, " session ", session);
  return StrCat("request ", call.request().id);
}

}  // namespace

ModelName NameOfModel(const Call& call) {
  ModelName name{call.PathParam("id"), call.PathParam("version")};
  // Who only looks at a model sees the one that most requests get.
  if (call.access.permission == auth::Permission::kPredict) name.sticky = WhoAsks(call);
  if (!name.name.empty()) return name;
  const json::Value* field = call.body.Find("model");
  if (field && field->is_string()) name.name = field->as_string();
  return name;
}

Result<models::ModelVersionPtr> FindModel(Context& context, Call& call) {
  Result<models::ModelVersionPtr> found =
      LookUpModel(context.models, call.principal, call.access, NameOfModel(call));
  if (!found.ok() && context.loading && found.error().code() != StatusCode::kPermissionDenied) return Loading();
  PANO_ASSIGN_OR_RETURN(models::ModelVersionPtr version, std::move(found));
  call.model = version->label;
  version->CountUse();
  PANO_RETURN_IF_ERROR(version->CheckFiles());
  return version;
}

Result<models::GeneratorPtr> FindGenerator(Context& context, Call& call) {
  PANO_ASSIGN_OR_RETURN(models::ModelVersionPtr version, FindModel(context, call));
  const models::Generator* generator = version->AsGenerator();
  if (generator) return models::GeneratorPtr(std::move(version), generator);
  return BadField("model", StrCat("'", version->id, "' does not generate, it is made for ",
                                  version->Card().task, ": POST /v1/models/", version->id,
                                  "/predict takes its 'instances', /v1/embeddings texts"))
      .WithReason("model_does_not_generate");
}

Result<models::PredictorPtr> FindPredictor(Context& context, Call& call) {
  PANO_ASSIGN_OR_RETURN(models::ModelVersionPtr version, FindModel(context, call));
  const models::Predictor* predictor = version->AsPredictor();
  if (predictor) return models::PredictorPtr(std::move(version), predictor);
  return BadField("model",
                  StrCat("'", version->id, "' generates text and makes no embeddings or labels: ",
                         "POST /v1/models/", version->id, "/predict takes its 'inputs'"))
      .WithReason("model_only_generates");
}

}  // namespace pano::api
