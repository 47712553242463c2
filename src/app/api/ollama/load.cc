#include "app/api/ollama/load.h"

#include <utility>

#include "app/api/ollama/keep_alive.h"
#include "base/strings.h"

namespace pano::api::ollama {
namespace {

using json::Value;

Value LoadedJson(const OllamaCall& ollama, std::string_view reason) {
  Value line = LineJson(ollama, {}, /*done=*/true);
  line.Set("done_reason", reason);
  return line;
}

// Whether the caller may do that; it is written down before it happens.
Failure MayUnload(Context& context, const Call& call, const std::string& id) {
  if (!call.principal.scopes.AllowsModel(id, auth::Permission::kManage)) {
    return InsufficientScope(auth::ModelScope(id, auth::Permission::kManage));
  }
  const models::ModelCatalog* catalog = context.catalog;
  if (!catalog || catalog->Versions(id).empty()) {
    return NotManaged(context, id).WithField("keep_alive");
  }
  if (!context.hooks.administer) return {};
  const http::Request& request = call.request();
  return context.hooks.administer({.model = id,
                                   .route = call.route,
                                   .method = request.method,
                                   .target = request.target,
                                   .id = request.id,
                                   .peer = request.peer,
                                   .principal = &call.principal,
                                   .administers = true});
}

}  // namespace

void AnswerLoad(Context& context, CallPtr call, const OllamaCall& ollama) {
  const Result<bool> unload = AsksToUnload(call->body);
  if (!unload.ok()) return call->Fail(unload.error());
  if (!*unload) return call->RespondJson(LoadedJson(ollama, "load"));
  const std::string& id = ollama.version->id;
  if (Failure refused = MayUnload(context, *call, id); !refused.ok()) return call->Fail(refused);
  models::ModelCatalog* catalog = context.catalog;
  catalog->Unload(id, ollama.version->version,
                  [call, body = LoadedJson(ollama, "unload")](models::ModelCatalog::Refusal refusal) {
                    call->exchange().Post([call, body, refusal = std::move(refusal)] {
                      if (refusal.status.ok()) return call->RespondJson(body);
                      Failure failure(refusal.status);
                      failure.retry_after_seconds = refusal.retry_after_seconds;
                      call->Fail(failure);
                    });
                  });
}

}  // namespace pano::api::ollama
