#include "app/grpc/dialect.h"

#include <utility>

#include "app/grpc/handlers.h"

namespace pano::grpc {
namespace {

using api::Access;
using api::Route;

Route Method(std::string_view path, Access access, void (*handler)(api::Context&, api::CallPtr),
             const api::BodyFormat& body, std::string_view summary) {
  return {.method = "POST",
          .pattern = path,
          .access = access,
          .handler = handler,
          .operation_id = path,
          .summary = summary,
          .content_type = "application/grpc",
          .body = &body,
          .transport = api::Transport::kGrpc};
}

json::Value ErrorText(const api::Failure& failure, std::string_view) { return failure.status.message(); }

constexpr Access kRead = Access::ModelInBody(auth::Permission::kRead);
constexpr Access kPredict = Access::ModelInBody(auth::Permission::kPredict);
constexpr Access kManage = Access::ModelInBody(auth::Permission::kManage);

constexpr std::string_view kStream = "/inference.GRPCInferenceService/ModelStreamInfer";

}  // namespace

api::Dialect MakeDialect() {
  std::vector<Route> routes = {
      Method("/inference.GRPCInferenceService/ServerLive", Access::kOpen, ServerLive, kEmptyMessage,
             "Whether the process answers."),
      Method("/inference.GRPCInferenceService/ServerReady", Access::kOpen, ServerReady, kEmptyMessage,
             "Whether requests are served."),
      Method("/grpc.health.v1.Health/Check", Access::kOpen, HealthCheck, kEmptyMessage,
             "The same, as load balancers and Kubernetes ask."),
      Method("/inference.GRPCInferenceService/ServerMetadata", Access::kCaller, ServerMetadata, kEmptyMessage,
             "Name, version and extensions of the server."),
      Method("/inference.GRPCInferenceService/ModelReady", kRead, ModelReady, kNameMessage, "Whether a model answers."),
      Method("/inference.GRPCInferenceService/ModelMetadata", kRead, ModelMetadata, kNameMessage,
             "Names, types and shapes of a model's tensors."),
      Method("/inference.GRPCInferenceService/ModelConfig", kRead, ModelConfig, kNameMessage,
             "A model's configuration, as Triton writes it."),
      Method("/inference.GRPCInferenceService/ModelStatistics", Access::kCaller, ModelStatistics, kNameMessage,
             "What a model, or each that the caller may read, has done so far."),
      Method("/inference.GRPCInferenceService/ModelInfer", kPredict, ModelInfer, kInferMessage,
             "Named tensors to named tensors."),
      Method(kStream, kPredict, ModelStreamInfer, kInferMessage, "The same, texts piece by piece; many requests in one call."),
      Method("/inference.GRPCInferenceService/RepositoryIndex", Access::kCaller, RepositoryIndex, kIndexMessage,
             "Which models there are, loaded or not."),
      Method("/inference.GRPCInferenceService/RepositoryModelLoad", kManage, RepositoryModelLoad, kControlMessage,
             "Loads a model; answered when it is ready."),
      Method("/inference.GRPCInferenceService/RepositoryModelUnload", kManage, RepositoryModelUnload, kControlMessage,
             "Unloads a model once its requests have ended."),
  };
  return {.name = "grpc",
          .routes = std::move(routes),
          .error_body = ErrorText,
          .prefix = "/inference.GRPCInferenceService"};
}

std::vector<Service::Method> Methods() {
  std::vector<Service::Method> methods;
  for (const Route& route : MakeDialect().routes) methods.push_back({route.pattern, route.pattern == kStream});
  return methods;
}

}  // namespace pano::grpc
