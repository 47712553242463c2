#include "app/api/native/predict_instances.h"

#include <utility>

#include "app/api/answer.h"
#include "app/api/native/bodies.h"
#include "app/api/native/instances.h"
#include "app/api/native/predictions.h"
#include "app/api/prediction_call.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::api::native {
namespace {

using json::Value;

// A predict call with instances, read and checked.
struct InstancesCall {
  models::PredictorPtr version;
  batch::PredictRequest request;
  PredictionPlan plan;
  int64_t tokens = 0;
  std::string id;
};

struct InstanceOptions {
  PredictionOptions prediction;
  bool truncate = false;
  Parameters fields;
};

Status ReadParameters(const Value& body, InstanceOptions& options) {
  const Value* parameters = body.Find("parameters");
  if (!parameters || parameters->is_null()) return {};
  PANO_RETURN_IF_ERROR(ReadFields(*parameters, InstancesParameters(), options.fields));
  if (options.fields.top_k) options.prediction.top_k = *options.fields.top_k;
  const Value* truncate = parameters->Find("truncate");
  options.truncate = truncate && truncate->is_bool() && truncate->as_bool();
  const Value* mask = parameters->Find("mask_token_id");
  if (mask && mask->is_number()) {
    options.prediction.mask_token_id = static_cast<nn::TokenId>(mask->as_double());
  }
  const Value* outputs = parameters->Find("outputs");
  if (!outputs || outputs->is_null()) return {};
  if (outputs->is_string()) {
    options.prediction.outputs.push_back(outputs->as_string());
  } else {
    for (const Value& name : outputs->as_array()) {
      options.prediction.outputs.push_back(name.as_string());
    }
  }
  return {};
}

Status ReadCall(Context& context, Call& call, InstancesCall& instances) {
  Parameters unused;
  PANO_ASSIGN_OR_RETURN(instances.version, FindPredictor(context, call));
  PANO_RETURN_IF_ERROR(ReadFields(call.body, InstancesBody(), unused));
  const Value* stream = call.body.Find("stream");
  if (stream && stream->is_bool() && stream->as_bool()) {
    return BadField("stream", "predictions come whole, they are not streamed");
  }
  InstanceOptions options;
  PANO_RETURN_IF_ERROR(ReadParameters(call.body, options));
  Instances read;
  PANO_RETURN_IF_ERROR(ReadInstances(*instances.version, call.body.Find("instances")->as_array(),
                                     options.truncate, read));
  instances.tokens = read.tokens;
  instances.id = StrCat("predict-", RandomHex(12));
  SetUrgency(options.fields, context.clock.Now(), instances.request);
  return instances.plan.Make(*instances.version, std::move(options.prediction), std::move(read),
                             instances.request);
}

void Respond(Call& call, const InstancesCall& instances, const batch::Predicted& predicted) {
  Value predictions;
  Status status = instances.plan.ToJson(*instances.version, predicted, predictions);
  if (!status.ok()) return call.Fail(status);
  Value usage;
  usage.Set("prompt_tokens", instances.tokens);
  usage.Set("total_tokens", instances.tokens);
  Value timings;
  timings.Set("queue_ms", predicted.queue_ms);
  timings.Set("total_ms", predicted.total_ms);
  Value body;
  body.Set("id", instances.id);
  body.Set("model", instances.version->id);
  body.Set("version", instances.version->version);
  body.Set("predictions", std::move(predictions));
  body.Set("usage", std::move(usage));
  body.Set("timings", std::move(timings));
  call.RespondJson(body);
}

}  // namespace

void PredictInstances(Context& context, CallPtr call) {
  InstancesCall instances;
  if (Status status = ReadCall(context, *call, instances); !status.ok()) return call->Fail(status);
  batch::PredictRequest request = std::move(instances.request);
  models::PredictorPtr version = instances.version;
  StartPrediction(
      context, call, std::move(version), std::move(request),
      [instances = std::move(instances)](Call& answered, const batch::Predicted& predicted) {
        Respond(answered, instances, predicted);
      });
}

}  // namespace pano::api::native
