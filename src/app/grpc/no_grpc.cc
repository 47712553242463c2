// A build without libgrpc++: no server, and handlers that nobody reaches.
#include "app/api/failure.h"
#include "app/grpc/handlers.h"
#include "app/grpc/server.h"

namespace pano::grpc {
namespace {

Status LeftOut() {
  return Unimplemented("this build has no gRPC: install libgrpc++-dev and protobuf-compiler, and build again");
}

void Refuse(api::Context&, api::CallPtr call) { call->Fail(LeftOut()); }

api::Failure RefuseHead(const http::Request&) { return LeftOut(); }
Status RefuseBody(api::Call&, const json::ParseOptions&) { return LeftOut(); }

}  // namespace

bool Server::IsAvailable() { return false; }
Result<std::unique_ptr<Server>> Server::Start(ServerOptions, Service) { return LeftOut(); }

std::string StreamError(std::string_view message, std::string_view) { return std::string(message); }

const api::BodyFormat kEmptyMessage = {"application/grpc", RefuseHead, RefuseBody};
const api::BodyFormat kNameMessage = kEmptyMessage, kIndexMessage = kEmptyMessage, kControlMessage = kEmptyMessage,
                      kInferMessage = kEmptyMessage;

void ServerLive(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void ServerReady(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void HealthCheck(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void ServerMetadata(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void ModelReady(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void ModelMetadata(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void ModelConfig(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void ModelStatistics(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void RepositoryIndex(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void RepositoryModelLoad(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void RepositoryModelUnload(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void ModelInfer(api::Context& context, api::CallPtr call) { Refuse(context, call); }
void ModelStreamInfer(api::Context& context, api::CallPtr call) { Refuse(context, call); }

}  // namespace pano::grpc
