#include "app/api/anthropic/models.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "app/api/timestamp.h"
#include "app/api/visible_models.h"
#include "base/strings.h"

namespace pano::api::anthropic {
namespace {

using json::Value;

constexpr int64_t kPageDefault = 20;
constexpr int64_t kPageMax = 1000;

Value ModelJson(const VisibleModel& model) {
  Value body;
  body.Set("type", "model");
  body.Set("id", model.id);
  body.Set("display_name", model.id);
  body.Set("created_at", Timestamp(model.version ? model.version->created : 0));
  return body;
}

// One page of `models`, of `limit` entries at most: those after `after_id`, or the last ones before
// `before_id`.
struct Page {
  std::vector<VisibleModel> models;
  bool has_more = false;
};

Result<Page> PageOf(std::vector<VisibleModel> models, const http::Request& request) {
  int64_t limit = kPageDefault;
  if (const auto asked = request.Query("limit")) {
    limit = ParseInt(*asked).value_or(0);
    if (limit < 1 || limit > kPageMax) {
      return BadField("limit", StrCat("'limit' must be a whole number from 1 to ", kPageMax));
    }
  }
  const auto after = request.Query("after_id");
  const auto before = request.Query("before_id");
  if (after && before) return BadField("after_id", "'after_id' and 'before_id' exclude each other");
  auto begin = models.begin();
  auto end = models.end();
  const auto place = [&](std::string_view id) {
    return std::lower_bound(models.begin(), models.end(), id,
                            [](const VisibleModel& model, std::string_view at) { return model.id < at; });
  };
  if (after) {
    begin = place(*after);
    if (begin != end && begin->id == *after) ++begin;
  }
  if (before) end = place(*before);
  const bool has_more = end - begin > limit;
  if (has_more && before) begin = end - limit;
  if (has_more && !before) end = begin + limit;
  return Page{{std::make_move_iterator(begin), std::make_move_iterator(end)}, has_more};
}

}  // namespace

void ListModels(Context& context, CallPtr call) {
  Result<Page> page = PageOf(VisibleModels(context, *call), call->request());
  if (!page.ok()) return call->Fail(page.error());
  Value data{json::Array()};
  for (const VisibleModel& model : page->models) data.Append(ModelJson(model));
  const bool empty = page->models.empty();
  Value body;
  body.Set("data", std::move(data));
  body.Set("has_more", page->has_more);
  body.Set("first_id", empty ? Value() : Value(page->models.front().id));
  body.Set("last_id", empty ? Value() : Value(page->models.back().id));
  call->RespondJson(body);
}

void RetrieveModel(Context& context, CallPtr call) {
  const Result<models::ModelTarget> target =
      ResolveModel(context.models, call->principal, call->access, NameOfModel(*call));
  if (!target.ok()) return call->Fail(context.loading ? Loading() : target.error());
  VisibleModel model{.id = target->id, .version = nullptr, .states = {}};
  const Result<models::ModelVersionPtr> version = context.models.Find(target->id, target->version);
  if (version.ok()) model.version = *version;
  call->RespondJson(ModelJson(model));
}

}  // namespace pano::api::anthropic
