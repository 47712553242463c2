#include "app/grpc/infer_message.h"

#include <inference.pb.h>

#include <concepts>
#include <limits>
#include <utility>

#include "app/api/failure.h"
#include "app/grpc/handlers.h"
#include "app/grpc/quiet_protobuf.h"
#include "app/grpc/wire_check.h"
#include "app/inference/inference.h"
#include "base/strings.h"

namespace pano::grpc {
namespace {

namespace proto = ::inference;
using pano::inference::Datatype;
using pano::inference::InferRequest;
using pano::inference::InferResponse;
using pano::inference::Tensor;
using ParameterMap = google::protobuf::Map<std::string, proto::InferParameter>;

Status ReadParameter(const std::string& name, const proto::InferParameter& parameter, json::Value& parameters) {
  switch (parameter.parameter_choice_case()) {
    case proto::InferParameter::kBoolParam: parameters.Set(name, parameter.bool_param()); return {};
    case proto::InferParameter::kInt64Param: parameters.Set(name, int64_t{parameter.int64_param()}); return {};
    case proto::InferParameter::kStringParam: parameters.Set(name, parameter.string_param()); return {};
    case proto::InferParameter::kDoubleParam: parameters.Set(name, parameter.double_param()); return {};
    case proto::InferParameter::kUint64Param: parameters.Set(name, uint64_t{parameter.uint64_param()}); return {};
    case proto::InferParameter::PARAMETER_CHOICE_NOT_SET: break;
  }
  return api::BadField(Printable(name), StrCat("the parameter '", Printable(name), "' has no value"));
}

Status RefuseParameters(const ParameterMap& parameters, std::string_view kind, const std::string& tensor) {
  for (const auto& [name, value] : parameters) {
    // KServe's client sends HTTP's words about the bytes here, too; raw contents say it by themselves.
    if (name == "binary_data_size" || name == "binary_data") continue;
    return api::BadField(Printable(name), StrCat("the ", kind, " '", Printable(tensor), "': '", Printable(name), "' is not supported"));
  }
  return {};
}

Status WrongCount(const Tensor& tensor, int64_t given, int64_t wanted) {
  return InvalidArgument(StrCat("it has ", given, " elements in 'contents' of its datatype, and ", inference::DatatypeName(tensor.datatype), " ",
                                inference::ShapeText(tensor.shape), " takes ", wanted));
}

// Numbers of a wider list as `T`s.
template <typename T, typename List>
Status ReadNumbers(const List& list, int64_t count, Tensor& tensor) {
  if (list.size() != count) return WrongCount(tensor, list.size(), count);
  tensor.bytes.reserve(static_cast<size_t>(count) * sizeof(T));
  for (const auto number : list) {
    if constexpr (std::integral<T> && !std::same_as<T, bool>) {
      if (!std::in_range<T>(number)) return InvalidArgument(StrCat("its data must be ", inference::DatatypeName(tensor.datatype), ", not ", number));
    }
    const T value = static_cast<T>(number);
    tensor.bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return {};
}

Status ReadTexts(const proto::InferTensorContents& contents, int64_t count, Tensor& tensor) {
  if (contents.bytes_contents_size() != count) return WrongCount(tensor, contents.bytes_contents_size(), count);
  if (count > inference::kTextsMax) return InvalidArgument(StrCat("it has ", count, " texts, at most ", inference::kTextsMax, " are taken"));
  tensor.texts.assign(contents.bytes_contents().begin(), contents.bytes_contents().end());
  return {};
}

Status ReadContents(const proto::InferTensorContents& contents, Tensor& tensor) {
  PANO_ASSIGN_OR_RETURN(const int64_t count, inference::CountElements(tensor.shape));
  switch (tensor.datatype) {
    case Datatype::kBool: return ReadNumbers<bool>(contents.bool_contents(), count, tensor);
    case Datatype::kUint8: return ReadNumbers<uint8_t>(contents.uint_contents(), count, tensor);
    case Datatype::kUint16: return ReadNumbers<uint16_t>(contents.uint_contents(), count, tensor);
    case Datatype::kUint32: return ReadNumbers<uint32_t>(contents.uint_contents(), count, tensor);
    case Datatype::kUint64: return ReadNumbers<uint64_t>(contents.uint64_contents(), count, tensor);
    case Datatype::kInt8: return ReadNumbers<int8_t>(contents.int_contents(), count, tensor);
    case Datatype::kInt16: return ReadNumbers<int16_t>(contents.int_contents(), count, tensor);
    case Datatype::kInt32: return ReadNumbers<int32_t>(contents.int_contents(), count, tensor);
    case Datatype::kInt64: return ReadNumbers<int64_t>(contents.int64_contents(), count, tensor);
    case Datatype::kFp16:
    case Datatype::kBf16: return InvalidArgument(StrCat(inference::DatatypeName(tensor.datatype), " comes in raw_input_contents only"));
    case Datatype::kFp32: return ReadNumbers<float>(contents.fp32_contents(), count, tensor);
    case Datatype::kFp64: return ReadNumbers<double>(contents.fp64_contents(), count, tensor);
    case Datatype::kBytes: return ReadTexts(contents, count, tensor);
  }
  return {};
}

Status ReadTensor(const proto::ModelInferRequest::InferInputTensor& input, const std::string* raw, Tensor& tensor) {
  const std::optional<Datatype> datatype = inference::FindDatatype(input.datatype());
  if (!datatype) return InvalidArgument(StrCat("'", Printable(input.datatype()), "' is no datatype"));
  tensor.datatype = *datatype;
  tensor.shape.assign(input.shape().begin(), input.shape().end());
  if (!raw) return ReadContents(input.contents(), tensor);
  if (input.has_contents()) return InvalidArgument("it has both 'contents' and raw_input_contents");
  return inference::ReadRaw(*raw, tensor);
}

Status ReadInputs(const proto::ModelInferRequest& message, InferRequest& request) {
  if (message.inputs().empty()) return api::BadField("inputs", "there is no input");
  if (message.inputs_size() > static_cast<int>(InferRequest::kTensorsMax)) {
    return api::BadField("inputs", StrCat("there are ", message.inputs_size(), " inputs, at most ", InferRequest::kTensorsMax, " are taken"));
  }
  const int raws = message.raw_input_contents_size();
  if (raws != 0 && raws != message.inputs_size()) {
    return api::BadField("raw_input_contents", StrCat("there are ", raws, " raw_input_contents for ", message.inputs_size(), " inputs"));
  }
  for (int i = 0; i < message.inputs_size(); ++i) {
    const auto& input = message.inputs(i);
    if (input.name().empty()) return api::BadField("inputs", StrCat("inputs[", i, "] has no name"));
    PANO_RETURN_IF_ERROR(RefuseParameters(input.parameters(), "input", input.name()));
    Tensor& tensor = request.inputs.emplace_back();
    tensor.name = input.name();
    const std::string* raw = raws > 0 ? &message.raw_input_contents(i) : nullptr;
    PANO_RETURN_IF_ERROR(inference::AtTensor("input", tensor.name, ReadTensor(input, raw, tensor)));
  }
  return {};
}

Status ReadOutputs(const proto::ModelInferRequest& message, InferRequest& request) {
  if (message.outputs_size() > static_cast<int>(InferRequest::kTensorsMax)) {
    return api::BadField("outputs", StrCat("there are ", message.outputs_size(), " outputs, at most ", InferRequest::kTensorsMax, " are taken"));
  }
  for (const auto& output : message.outputs()) {
    PANO_RETURN_IF_ERROR(RefuseParameters(output.parameters(), "output", output.name()));
    request.outputs.push_back(output.name());
  }
  return {};
}

void Fill(const InferResponse& response, proto::ModelInferResponse& message) {
  message.set_model_name(response.model_name);
  message.set_model_version(response.model_version);
  message.set_id(response.id);
  for (const Tensor& tensor : response.outputs) {
    auto* output = message.add_outputs();
    output->set_name(tensor.name);
    output->set_datatype(std::string(inference::DatatypeName(tensor.datatype)));
    for (const int64_t size : tensor.shape) output->add_shape(size);
    std::string* raw = message.add_raw_output_contents();
    raw->reserve(inference::RawBytes(tensor));
    inference::AppendRaw(tensor, *raw);
  }
}

}  // namespace

Status ReadInferMessage(std::string_view bytes, InferMessage& infer) {
  PANO_RETURN_IF_ERROR(CheckInferWire(bytes));
  KeepProtobufQuiet();
  proto::ModelInferRequest message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgument("the message is no ModelInferRequest: its protobuf is malformed");
  }
  infer.model_name = message.model_name();
  infer.model_version = message.model_version();
  infer.request.id = message.id();
  infer.request.parameters = json::Value(json::Object());
  for (const auto& [name, parameter] : message.parameters()) {
    PANO_RETURN_IF_ERROR(ReadParameter(name, parameter, infer.request.parameters));
  }
  PANO_RETURN_IF_ERROR(ReadInputs(message, infer.request));
  return ReadOutputs(message, infer.request);
}

std::string WriteInferMessage(const InferResponse& response) {
  proto::ModelInferResponse message;
  Fill(response, message);
  return message.SerializeAsString();
}

std::string WriteStreamMessage(const InferResponse& response, bool final) {
  proto::ModelStreamInferResponse message;
  Fill(response, *message.mutable_infer_response());
  auto& parameters = *message.mutable_infer_response()->mutable_parameters();
  parameters["triton_final_response"].set_bool_param(final);
  return message.SerializeAsString();
}

std::string StreamError(std::string_view text, std::string_view id) {
  proto::ModelStreamInferResponse message;
  message.set_error_message(std::string(text));
  message.mutable_infer_response()->set_id(std::string(id));
  return message.SerializeAsString();
}

}  // namespace pano::grpc
