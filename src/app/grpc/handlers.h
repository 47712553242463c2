#pragma once

#include <string>
#include <string_view>

#include "app/api/body_format.h"
#include "app/api/context.h"

namespace pano::grpc {

// The methods of inference.GRPCInferenceService as handlers of the API, and the formats of their messages:
// what names a model stands in the call's path parameters, as if it were in a path.

extern const api::BodyFormat kEmptyMessage;
extern const api::BodyFormat kNameMessage;     // ModelNameRequest
extern const api::BodyFormat kIndexMessage;    // RepositoryIndexRequest; `body` has "ready"
extern const api::BodyFormat kControlMessage;  // RepositoryModelRequest
extern const api::BodyFormat kInferMessage;    // ModelInferRequest; `parsed` is a shared_ptr of an InferMessage

void ServerLive(api::Context& context, api::CallPtr call);
void ServerReady(api::Context& context, api::CallPtr call);
// grpc.health.v1.Health/Check.
void HealthCheck(api::Context& context, api::CallPtr call);
void ServerMetadata(api::Context& context, api::CallPtr call);
void ModelReady(api::Context& context, api::CallPtr call);
void ModelMetadata(api::Context& context, api::CallPtr call);
void ModelConfig(api::Context& context, api::CallPtr call);
void ModelStatistics(api::Context& context, api::CallPtr call);
void RepositoryIndex(api::Context& context, api::CallPtr call);
void RepositoryModelLoad(api::Context& context, api::CallPtr call);
void RepositoryModelUnload(api::Context& context, api::CallPtr call);
void ModelInfer(api::Context& context, api::CallPtr call);
// One request of a stream: a text is answered with a message a piece and a last one without outputs, whose
// parameter triton_final_response is true; other models with one message.
void ModelStreamInfer(api::Context& context, api::CallPtr call);

// A ModelStreamInferResponse that says what went wrong.
std::string StreamError(std::string_view message, std::string_view id);

}  // namespace pano::grpc
