#include <memory>
#include <string>
#include <utility>

#include "app/grpc/handlers.h"
#include "app/grpc/infer_message.h"
#include "app/grpc/server.h"
#include "app/inference/inference.h"
#include "app/inference/text_inference.h"
#include "app/models/generator.h"

namespace pano::grpc {
namespace {

using inference::InferResponse;

http::Response Message(std::string bytes) {
  http::Response response;
  response.headers.emplace_back("Content-Type", "application/grpc");
  response.body = std::move(bytes);
  return response;
}

std::shared_ptr<InferMessage> MessageOf(const api::Call& call) {
  return std::any_cast<std::shared_ptr<InferMessage>>(call.parsed);
}

// One text's pieces as messages of a stream.
class StreamSink final : public inference::PieceSink {
 public:
  StreamSink(api::CallPtr call, InferResponse frame) : call_(std::move(call)), frame_(std::move(frame)) {
    call_->exchange().BeginStream(200, call_->headers);
  }
  void OnPiece(std::string piece) override {
    InferResponse response = frame_;
    response.outputs.push_back(inference::TextTensor("text", {1}, {std::move(piece)}));
    call_->exchange().Write(WriteStreamMessage(response, /*final=*/false));
  }
  void OnEnd(const Status& status) override {
    call_->exchange().Write(status.ok() ? WriteStreamMessage(frame_, /*final=*/true)
                                        : StreamError(status.message(), frame_.id));
    call_->Record(status.ok() ? 200 : api::Failure(status).HttpStatus());
    call_->exchange().Finish();
  }

 private:
  const api::CallPtr call_;
  const InferResponse frame_;
};

}  // namespace

void ModelInfer(api::Context& context, api::CallPtr call) {
  const std::shared_ptr<InferMessage> message = MessageOf(*call);
  inference::StartInference(context, std::move(call), std::move(message->request),
                            [](api::Call& answered, const InferResponse& response) {
                              answered.Respond(Message(WriteInferMessage(response)));
                            });
}

void ModelStreamInfer(api::Context& context, api::CallPtr call) {
  const std::shared_ptr<InferMessage> message = MessageOf(*call);
  inference::InferRequest& request = message->request;
  call->headers.emplace_back(kStreamIdHeader, request.id);  // for a failure
  const Result<models::ModelVersionPtr> version = api::FindModel(context, *call);
  if (!version.ok()) return call->Fail(version.error());
  const models::Generator* generator = (*version)->AsGenerator();
  if (!generator) {
    return inference::StartInference(context, std::move(call), std::move(request),
                                     [](api::Call& answered, const InferResponse& response) {
                                       answered.Respond(Message(WriteStreamMessage(response, /*final=*/true)));
                                     });
  }
  if (Status status = inference::CheckInputs(inference::SignatureOf(**version), request.inputs); !status.ok()) {
    return call->Fail(status);
  }
  InferResponse frame{(*version)->id, (*version)->version, request.id, {}};
  inference::StartPieces(context, call, models::GeneratorPtr(*version, generator), std::move(request),
                         [call, frame = std::move(frame)] { return std::make_unique<StreamSink>(call, frame); });
}

}  // namespace pano::grpc
