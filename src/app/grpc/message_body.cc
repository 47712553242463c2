// Messages that name what they are about, as bodies of the API's routes.
#include <inference.pb.h>

#include <memory>
#include <string>
#include <utility>

#include "app/api/call.h"
#include "app/grpc/handlers.h"
#include "app/grpc/infer_message.h"
#include "app/grpc/quiet_protobuf.h"
#include "app/grpc/wire_check.h"
#include "base/strings.h"

namespace pano::grpc {
namespace {

namespace proto = ::inference;

api::Failure CheckType(const http::Request& head) {
  const std::string_view type = head.Header("Content-Type");
  if (type.starts_with("application/grpc")) return {};
  return api::FromHttpStatus(415, "the content type is not application/grpc");
}

// Small messages: of names.
template <typename Message>
Status Parse(api::Call& call, Message& message) {
  constexpr size_t kBytesMax = 64 << 10;
  const std::string bytes = call.exchange().TakeBody();
  if (bytes.size() > kBytesMax) return InvalidArgument(StrCat("the message has ", bytes.size(), " bytes, at most ", kBytesMax));
  KeepProtobufQuiet();
  if (message.ParseFromString(bytes)) return {};
  return InvalidArgument("the message's protobuf is malformed");
}

// As if they stood in a path.
void NameModel(api::Call& call, std::string name, std::string version) {
  if (!name.empty()) call.path_params.emplace_back("id", std::move(name));
  if (!version.empty()) call.path_params.emplace_back("version", std::move(version));
}

Status ReadEmpty(api::Call& call, const json::ParseOptions&) {
  call.exchange().ReleaseBody();
  return {};
}

Status ReadName(api::Call& call, const json::ParseOptions&) {
  proto::ModelNameRequest message;
  PANO_RETURN_IF_ERROR(Parse(call, message));
  const bool needed = call.access.kind == api::Access::Kind::kModel;
  if (needed && message.name().empty()) return api::BadField("name", "'name' is missing: which model?");
  NameModel(call, std::move(*message.mutable_name()), std::move(*message.mutable_version()));
  return {};
}

Status ReadIndex(api::Call& call, const json::ParseOptions&) {
  proto::RepositoryIndexRequest message;
  PANO_RETURN_IF_ERROR(Parse(call, message));
  if (!message.repository_name().empty()) return api::BadField("repository_name", "'repository_name': there is one repository here, without a name");
  call.body.Set("ready", message.ready());
  return {};
}

Status ReadControl(api::Call& call, const json::ParseOptions&) {
  proto::RepositoryModelRequest message;
  PANO_RETURN_IF_ERROR(Parse(call, message));
  if (!message.repository_name().empty()) return api::BadField("repository_name", "'repository_name': there is one repository here, without a name");
  if (message.model_name().empty()) return api::BadField("model_name", "'model_name' is missing: which model?");
  for (const auto& [name, value] : message.parameters()) {
    if (name == "unload_dependents") continue;  // no model depends on another
    return api::BadField(Printable(name), StrCat("the parameter '", Printable(name),
                                                 "' is not supported: models are loaded as their files are"));
  }
  NameModel(call, std::move(*message.mutable_model_name()), "");
  return {};
}

Status ReadInfer(api::Call& call, const json::ParseOptions&) {
  const std::string bytes = call.exchange().TakeBody();
  auto infer = std::make_shared<InferMessage>();
  PANO_RETURN_IF_ERROR(ReadInferMessage(bytes, *infer));
  if (infer->model_name.empty()) return api::BadField("model_name", "'model_name' is missing: which model?");
  NameModel(call, infer->model_name, infer->model_version);
  call.body.Set("parameters", infer->request.parameters);  // the core looks for a deadline there
  call.parsed = std::move(infer);
  return {};
}

}  // namespace

const api::BodyFormat kEmptyMessage = {"application/grpc", CheckType, ReadEmpty};
const api::BodyFormat kNameMessage = {"application/grpc", CheckType, ReadName};
const api::BodyFormat kIndexMessage = {"application/grpc", CheckType, ReadIndex};
const api::BodyFormat kControlMessage = {"application/grpc", CheckType, ReadControl};
const api::BodyFormat kInferMessage = {"application/grpc", CheckType, ReadInfer};

}  // namespace pano::grpc
