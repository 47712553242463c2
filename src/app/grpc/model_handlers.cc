#include <inference.pb.h>

#include <string>
#include <utility>
#include <vector>

#include "app/grpc/handlers.h"
#include "app/inference/model_control.h"
#include "app/inference/model_description.h"
#include "app/inference/model_index.h"
#include "app/inference/model_statistics.h"
#include "app/inference/server_state.h"

namespace pano::grpc {
namespace {

namespace proto = ::inference;
using pano::inference::Datatype;
using pano::inference::ModelDescription;
using pano::inference::Shape;
using pano::inference::TensorSpec;

void Respond(api::Call& call, const google::protobuf::MessageLite& message) {
  http::Response response;
  response.headers.emplace_back("Content-Type", "application/grpc");
  response.body = message.SerializeAsString();
  call.Respond(std::move(response));
}

void Fill(const TensorSpec& spec, proto::ModelMetadataResponse::TensorMetadata& tensor) {
  tensor.set_name(spec.name);
  tensor.set_datatype(std::string(inference::DatatypeName(spec.datatype)));
  for (const int64_t size : spec.shape) tensor.add_shape(size);
}

proto::DataType ConfigType(Datatype datatype) {
  switch (datatype) {
    case Datatype::kBool: return proto::TYPE_BOOL;
    case Datatype::kUint8: return proto::TYPE_UINT8;
    case Datatype::kUint16: return proto::TYPE_UINT16;
    case Datatype::kUint32: return proto::TYPE_UINT32;
    case Datatype::kUint64: return proto::TYPE_UINT64;
    case Datatype::kInt8: return proto::TYPE_INT8;
    case Datatype::kInt16: return proto::TYPE_INT16;
    case Datatype::kInt32: return proto::TYPE_INT32;
    case Datatype::kInt64: return proto::TYPE_INT64;
    case Datatype::kFp16: return proto::TYPE_FP16;
    case Datatype::kBf16: return proto::TYPE_BF16;
    case Datatype::kFp32: return proto::TYPE_FP32;
    case Datatype::kFp64: return proto::TYPE_FP64;
    case Datatype::kBytes: return proto::TYPE_STRING;
  }
  return proto::TYPE_INVALID;
}

// Triton's configuration leaves out the size of the batch.
template <typename Tensor>
void FillConfig(const TensorSpec& spec, Tensor& tensor) {
  tensor.set_name(spec.name);
  tensor.set_data_type(ConfigType(spec.datatype));
  for (size_t i = 1; i < spec.shape.size(); ++i) tensor.add_dims(spec.shape[i]);
}

void Fill(int64_t count, double seconds, proto::StatisticDuration& duration) {
  duration.set_count(static_cast<uint64_t>(count));
  duration.set_ns(static_cast<uint64_t>(inference::ModelStatistics::Nanos(seconds)));
}

}  // namespace

void ServerLive(api::Context&, api::CallPtr call) {
  proto::ServerLiveResponse message;
  message.set_live(true);
  Respond(*call, message);
}

void ServerReady(api::Context& context, api::CallPtr call) {
  proto::ServerReadyResponse message;
  message.set_ready(inference::WhyServerNotReady(context).empty());
  Respond(*call, message);
}

void HealthCheck(api::Context& context, api::CallPtr call) {
  constexpr int kServing = 1, kNotServing = 2;
  proto::HealthCheckResponse message;
  message.set_status(inference::WhyServerNotReady(context).empty() ? kServing : kNotServing);
  Respond(*call, message);
}

void ServerMetadata(api::Context&, api::CallPtr call) {
  proto::ServerMetadataResponse message;
  message.set_name(std::string(inference::kServerName));
  message.set_version(std::string(inference::ServerVersion()));
  for (const std::string_view name : inference::kExtensions) message.add_extensions(std::string(name));
  Respond(*call, message);
}

// A model that is not there is not ready, as Triton says it.
void ModelReady(api::Context& context, api::CallPtr call) {
  proto::ModelReadyResponse message;
  message.set_ready(inference::CheckModelReady(context, *call).ok());
  Respond(*call, message);
}

void ModelMetadata(api::Context& context, api::CallPtr call) {
  const Result<ModelDescription> model = inference::Describe(context, *call);
  if (!model.ok()) return call->Fail(model.error());
  proto::ModelMetadataResponse message;
  message.set_name(model->name);
  message.set_platform(model->platform);
  for (const std::string& version : model->versions) message.add_versions(version);
  for (const TensorSpec& spec : model->signature.inputs) Fill(spec, *message.add_inputs());
  for (const TensorSpec& spec : model->signature.outputs) Fill(spec, *message.add_outputs());
  Respond(*call, message);
}

void ModelConfig(api::Context& context, api::CallPtr call) {
  const Result<ModelDescription> model = inference::Describe(context, *call);
  if (!model.ok()) return call->Fail(model.error());
  proto::ModelConfigResponse message;
  proto::ModelConfig& config = *message.mutable_config();
  config.set_name(model->name);
  config.set_platform(model->platform);
  config.set_backend(std::string(inference::kServerName));
  config.set_max_batch_size(static_cast<int32_t>(model->batch_max));
  config.mutable_model_transaction_policy()->set_decoupled(model->streams);
  for (const TensorSpec& spec : model->signature.inputs) {
    proto::ModelInput& input = *config.add_input();
    FillConfig(spec, input);
    input.set_optional(model->signature.inputs.size() > 1);
  }
  for (const TensorSpec& spec : model->signature.outputs) FillConfig(spec, *config.add_output());
  Respond(*call, message);
}

void ModelStatistics(api::Context& context, api::CallPtr call) {
  const Result<std::vector<inference::ModelStatistics>> statistics = inference::StatisticsOf(context, *call);
  if (!statistics.ok()) return call->Fail(statistics.error());
  proto::ModelStatisticsResponse message;
  for (const inference::ModelStatistics& one : *statistics) {
    const api::RequestStatistics::Counts& requests = one.requests;
    proto::ModelStatistics& model = *message.add_model_stats();
    model.set_name(one.name);
    model.set_version(one.version);
    model.set_last_inference(static_cast<uint64_t>(requests.last_unix_seconds) * 1000);
    model.set_inference_count(static_cast<uint64_t>(requests.inputs));
    model.set_execution_count(static_cast<uint64_t>(one.executions));
    proto::InferStatistics& durations = *model.mutable_inference_stats();
    Fill(requests.succeeded, requests.success_seconds, *durations.mutable_success());
    Fill(requests.failed, requests.fail_seconds, *durations.mutable_fail());
    Fill(requests.succeeded, requests.queue_seconds, *durations.mutable_queue());
    Fill(requests.succeeded, requests.compute_seconds, *durations.mutable_compute_infer());
  }
  Respond(*call, message);
}

void RepositoryIndex(api::Context& context, api::CallPtr call) {
  const json::Value* ready = call->body.Find("ready");
  proto::RepositoryIndexResponse message;
  for (const inference::IndexEntry& one : inference::ModelIndex(context, *call, ready && ready->as_bool())) {
    auto* model = message.add_models();
    model->set_name(one.name);
    model->set_version(one.version);
    model->set_state(std::string(one.state));
    model->set_reason(one.reason);
  }
  Respond(*call, message);
}

void RepositoryModelLoad(api::Context& context, api::CallPtr call) {
  inference::ControlModel(context, std::move(call), /*load=*/true,
                          [](api::Call& done) { Respond(done, proto::RepositoryModelResponse()); });
}

void RepositoryModelUnload(api::Context& context, api::CallPtr call) {
  inference::ControlModel(context, std::move(call), /*load=*/false,
                          [](api::Call& done) { Respond(done, proto::RepositoryModelResponse()); });
}

}  // namespace pano::grpc
