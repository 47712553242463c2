#include "app/api/kserve/statistics.h"

#include <utility>
#include <vector>

#include "app/inference/model_statistics.h"
#include "base/json.h"

namespace pano::api::kserve {
namespace {

using inference::ModelStatistics;
using json::Value;

Value Duration(int64_t count, double seconds) {
  Value entry;
  entry.Set("count", count);
  entry.Set("ns", ModelStatistics::Nanos(seconds));
  return entry;
}

Value ModelJson(const ModelStatistics& model) {
  const RequestStatistics::Counts& requests = model.requests;
  Value durations;
  durations.Set("success", Duration(requests.succeeded, requests.success_seconds));
  durations.Set("fail", Duration(requests.failed, requests.fail_seconds));
  durations.Set("queue", Duration(requests.succeeded, requests.queue_seconds));
  durations.Set("compute_infer", Duration(requests.succeeded, requests.compute_seconds));
  Value body;
  body.Set("name", model.name);
  body.Set("version", model.version);
  body.Set("last_inference", requests.last_unix_seconds * 1000);  // milliseconds
  body.Set("inference_count", requests.inputs);
  body.Set("execution_count", model.executions);
  body.Set("inference_stats", std::move(durations));
  return body;
}

}  // namespace

void Statistics(Context& context, CallPtr call) {
  const Result<std::vector<ModelStatistics>> statistics = inference::StatisticsOf(context, *call);
  if (!statistics.ok()) return call->Fail(statistics.error());
  Value list{json::Array()};
  for (const ModelStatistics& model : *statistics) list.Append(ModelJson(model));
  Value body;
  body.Set("model_stats", std::move(list));
  call->RespondJson(body);
}

}  // namespace pano::api::kserve
