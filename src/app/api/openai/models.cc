#include "app/api/openai/models.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace pano::api::openai {
namespace {

using json::Value;

template <typename T>
Value ListJson(const std::vector<T>& items) {
  Value list{json::Array()};
  for (const T& item : items) list.Append(item);
  return list;
}

void SetCard(const models::ModelCard& card, Value& body) {
  body.Set("task", card.task);
  if (!card.outputs.empty()) body.Set("outputs", ListJson(card.outputs));
  if (!card.labels.empty()) body.Set("labels", ListJson(card.labels));
  if (!card.pooling.empty()) body.Set("pooling", card.pooling);
  if (card.embedding_size) body.Set("embedding_size", *card.embedding_size);
  if (!card.image_shape.empty()) body.Set("image_shape", ListJson(card.image_shape));
}

// How each version that may be loaded is; "state" of the whole model is that of its best one.
void SetStates(const std::vector<models::VersionStatus>& versions, Value& body) {
  // By how near to an answer they are.
  auto rank = [](models::LoadState state) {
    constexpr int kRanks[models::kLoadStates] = {/*unloaded=*/2, /*loading=*/3, /*ready=*/4, /*unloading=*/1, /*failed=*/0};
    return kRanks[static_cast<size_t>(state)];
  };
  const models::VersionStatus* best = nullptr;
  Value list{json::Array()};
  for (const models::VersionStatus& version : versions) {
    if (!best || rank(version.state) >= rank(best->state)) best = &version;
    Value entry;
    entry.Set("version", version.target.version);
    entry.Set("state", models::LoadStateName(version.state));
    if (!version.reason.empty()) entry.Set("reason", version.reason);
    if (version.progress) {
      entry.Set("progress", std::round(version.progress->fraction * 100) / 100);
      entry.Set("eta_seconds", version.progress->eta_seconds);
    }
    if (!version.labels.empty()) entry.Set("labels", ListJson(version.labels));
    list.Append(std::move(entry));
  }
  body.Set("state", models::LoadStateName(best->state));
  body.Set("version_states", std::move(list));
}

// A model of which nothing is loaded.
Value UnloadedJson(const Call& call, const std::vector<models::VersionStatus>& versions) {
  Value names{json::Array()};
  for (const models::VersionStatus& version : versions) names.Append(version.target.version);
  Value body;
  body.Set("id", versions.back().target.id);
  body.Set("object", "model");
  body.Set("created", 0);
  body.Set("owned_by", "panorama");
  body.Set("version", versions.back().target.version);
  const std::string& parent = versions.back().parent;
  if (!parent.empty() && MaySee(call.principal, call.access, parent)) body.Set("parent", parent);
  body.Set("versions", std::move(names));
  SetStates(versions, body);
  return body;
}

using States = std::vector<models::VersionStatus>;

States StatesOf(const Context& context, std::string_view id) {
  const models::ModelCatalog* catalog = context.catalog;
  return catalog ? catalog->Versions(id) : States();
}

// `states` are the catalog's of all versions of the model; none: it keeps none.
Value ModelJson(const Context& context, const Call& call, const models::ModelVersion& version, const States& states) {
  Value versions{json::Array()};
  for (const models::ModelVersionPtr& one : context.models.Versions(version.id)) {
    versions.Append(one->version);
  }
  Value body;
  body.Set("id", version.id);
  body.Set("object", "model");
  body.Set("created", version.created);
  body.Set("owned_by", "panorama");
  body.Set("version", version.version);
  if (!version.parent.empty() && MaySee(call.principal, call.access, version.parent)) body.Set("parent", version.parent);
  if (std::vector<std::string> names = context.models.Aliases(version.id); !names.empty()) {
    body.Set("aliases", ListJson(names));
  }
  body.Set("versions", std::move(versions));
  body.Set("vocab_size", version.vocab_size);
  body.Set("context_length", version.context_length);
  body.Set("has_tokenizer", version.tokenizer != nullptr);
  body.Set("has_chat_template", version.chat_template != nullptr);
  SetCard(version.Card(), body);
  if (!version.facts.lineage.is_null()) body.Set("lineage", version.facts.lineage);
  if (!states.empty()) {
    SetStates(states, body);
  } else {
    const std::string reason = NotReadyReason(context, version);
    body.Set("state", models::LoadStateName(reason.empty() ? models::LoadState::kReady : models::LoadState::kFailed));
    if (!reason.empty()) body.Set("reason", reason);
  }
  return body;
}

}  // namespace

void ListModels(Context& context, CallPtr call) {
  std::map<std::string, States> kept;   // the catalog is asked once
  if (const models::ModelCatalog* catalog = context.catalog) {
    for (models::VersionStatus& one : catalog->List()) kept[one.target.id].push_back(std::move(one));
  }
  std::map<std::string, Value> by_id;
  const std::vector<models::ModelVersionPtr> loaded = context.models.List();   // the highest of an id is its last
  for (auto version = loaded.rbegin(); version != loaded.rend(); ++version) {
    const std::string& id = (*version)->id;
    if (by_id.contains(id) || !MaySee(call->principal, call->access, id)) continue;
    by_id[id] = ModelJson(context, *call, **version, kept[id]);
  }
  for (const auto& [id, states] : kept) {
    if (states.empty() || by_id.contains(id) || !MaySee(call->principal, call->access, id)) continue;
    by_id[id] = UnloadedJson(*call, states);
  }
  Value data{json::Array()};
  for (auto& [id, model] : by_id) data.Append(std::move(model));
  Value body;
  body.Set("object", "list");
  body.Set("data", std::move(data));
  call->RespondJson(body);
}

void RetrieveModel(Context& context, CallPtr call) {
  const Result<models::ModelTarget> target =
      ResolveModel(context.models, call->principal, call->access, NameOfModel(*call));
  if (!target.ok()) return call->Fail(context.loading ? Loading() : target.error());
  const Result<models::ModelVersionPtr> version = context.models.Find(target->id, target->version);
  if (version.ok()) {
    call->model = (*version)->label;
    return call->RespondJson(ModelJson(context, *call, **version, StatesOf(context, target->id)));
  }
  const auto states = StatesOf(context, target->id);
  if (states.empty()) return call->Fail(version.error());
  call->RespondJson(UnloadedJson(*call, states));
}

}  // namespace pano::api::openai
