#include "app/api/kserve/infer_body.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "app/api/call.h"
#include "app/api/kserve/optional_body.h"
#include "app/inference/inference.h"
#include "app/inference/tensor_json.h"
#include "base/strings.h"

namespace pano::api::kserve {
namespace {

using inference::InferRequest;
using inference::Tensor;
using json::Value;

constexpr char kJsonBytes[] = "Inference-Header-Content-Length";

const Value* Member(const Value& object, std::string_view name) {
  const Value* value = object.Find(name);
  return value && !value->is_null() ? value : nullptr;
}

// Extensions that are not there, so that nothing of them is passed over.
Status CheckTensorParameters(const Value* parameters, std::string_view kind, std::string_view name) {
  if (!parameters) return {};
  if (!parameters->is_object()) return BadField("parameters", StrCat("'parameters' of the ", kind, " '", name, "' must be an object"));
  for (const auto& [key, value] : parameters->as_object()) {
    if (key == "binary_data" || key == "binary_data_size") continue;
    return BadField(Printable(key), StrCat("the ", kind, " '", name, "': '", Printable(key), "' is not supported"));
  }
  return {};
}

Result<std::string> ReadName(const Value& tensor, std::string_view kind, size_t index) {
  const Value* name = tensor.is_object() ? Member(tensor, "name") : nullptr;
  if (name && name->is_string() && !name->as_string().empty()) return name->as_string();
  return BadField(StrCat(kind, "s"), StrCat(kind, "s[", index, "] has no 'name'"));
}

Status ReadShape(const Value& input, Tensor& tensor) {
  const Value* shape = Member(input, "shape");
  if (!shape || !shape->is_array()) return InvalidArgument("its 'shape' must be a list of sizes");
  if (shape->as_array().size() > inference::kRankMax) {
    return InvalidArgument(StrCat("its shape has ", shape->as_array().size(), " sizes, at most ", inference::kRankMax, " are taken"));
  }
  for (const Value& size : shape->as_array()) {
    if (!size.is_int()) return InvalidArgument("its 'shape' must be a list of sizes");
    tensor.shape.push_back(size.as_int());
  }
  return {};
}

// Takes what belongs to the tensor off the front of `raw`.
Status ReadBinary(const Value& size, std::string_view& raw, Tensor& tensor) {
  if (!size.is_int() || size.as_int() < 0) return InvalidArgument("its 'binary_data_size' must be a number of bytes");
  const auto bytes = static_cast<uint64_t>(size.as_int());
  if (bytes > raw.size()) {
    return InvalidArgument(StrCat("its 'binary_data_size' is ", bytes, ", and ", raw.size(), " bytes are left in the body"));
  }
  PANO_RETURN_IF_ERROR(inference::ReadRaw(raw.substr(0, bytes), tensor));
  raw.remove_prefix(bytes);
  return {};
}

Status ReadTensor(const Value& input, std::string_view& raw, Tensor& tensor) {
  const Value* datatype = Member(input, "datatype");
  if (!datatype || !datatype->is_string()) return InvalidArgument("its 'datatype' is missing");
  const std::optional<inference::Datatype> known = inference::FindDatatype(datatype->as_string());
  if (!known) return InvalidArgument(StrCat("'", Printable(datatype->as_string()), "' is no datatype"));
  tensor.datatype = *known;
  PANO_RETURN_IF_ERROR(ReadShape(input, tensor));
  const Value* parameters = Member(input, "parameters");
  const Value* size = parameters ? Member(*parameters, "binary_data_size") : nullptr;
  const Value* data = Member(input, "data");
  if (size && data) return InvalidArgument("it has both 'data' and binary data");
  if (size) return ReadBinary(*size, raw, tensor);
  if (!data) return InvalidArgument("its 'data' is missing");
  return inference::ReadJson(*data, tensor);
}

Status ReadInputs(const Value& body, std::string_view& raw, InferRequest& request) {
  const Value* inputs = Member(body, "inputs");
  if (!inputs || !inputs->is_array()) return BadField("inputs", "'inputs' must be a list of tensors");
  if (inputs->as_array().empty()) return BadField("inputs", "'inputs' is an empty list");
  if (inputs->as_array().size() > InferRequest::kTensorsMax) {
    return BadField("inputs", StrCat("'inputs' has ", inputs->as_array().size(), " tensors, at most ", InferRequest::kTensorsMax, " are taken"));
  }
  for (size_t i = 0; i < inputs->as_array().size(); ++i) {
    const Value& input = inputs->as_array()[i];
    Tensor& tensor = request.inputs.emplace_back();
    PANO_ASSIGN_OR_RETURN(tensor.name, ReadName(input, "input", i));
    PANO_RETURN_IF_ERROR(CheckTensorParameters(Member(input, "parameters"), "input", Printable(tensor.name)));
    PANO_RETURN_IF_ERROR(inference::AtTensor("input", tensor.name, ReadTensor(input, raw, tensor)));
  }
  return {};
}

Status ReadOutputs(const Value& body, InferBody& infer) {
  const Value* outputs = Member(body, "outputs");
  if (!outputs) return {};
  if (!outputs->is_array()) return BadField("outputs", "'outputs' must be a list");
  if (outputs->as_array().size() > InferRequest::kTensorsMax) {
    return BadField("outputs", StrCat("'outputs' has ", outputs->as_array().size(), " tensors, at most ", InferRequest::kTensorsMax, " are taken"));
  }
  for (size_t i = 0; i < outputs->as_array().size(); ++i) {
    const Value& output = outputs->as_array()[i];
    PANO_ASSIGN_OR_RETURN(std::string name, ReadName(output, "output", i));
    const Value* parameters = Member(output, "parameters");
    PANO_RETURN_IF_ERROR(CheckTensorParameters(parameters, "output", Printable(name)));
    const Value* binary = parameters ? Member(*parameters, "binary_data") : nullptr;
    if (binary && !binary->is_bool()) return BadField("binary_data", StrCat("the output '", Printable(name), "': 'binary_data' must be true or false"));
    if (binary) infer.forms.binary.emplace_back(name, binary->as_bool());
    infer.request.outputs.push_back(std::move(name));
  }
  return {};
}

Status ReadEnvelope(const Value& body, InferBody& infer) {
  if (!body.is_object()) return InvalidArgument(StrCat("the body has to be a JSON object, not ", body.kind()));
  constexpr std::array<std::string_view, 6> kMembers = {"id", "inputs", "outputs", "parameters", "model_name", "model_version"};
  for (const auto& [name, value] : body.as_object()) {
    if (value.is_null() || std::find(kMembers.begin(), kMembers.end(), name) != kMembers.end()) continue;
    return BadField(Printable(name), StrCat("unknown field '", Printable(name), "': how to generate stands in 'parameters'"));
  }
  if (const Value* id = Member(body, "id")) {
    if (!id->is_string()) return BadField("id", "'id' must be a string");
    infer.request.id = id->as_string();
  }
  const Value* parameters = Member(body, "parameters");
  if (!parameters) return {};
  if (!parameters->is_object()) return BadField("parameters", "'parameters' must be an object");
  const Value* binary = Member(*parameters, "binary_data_output");
  infer.forms.binary_default = binary && binary->is_bool() && binary->as_bool();
  infer.request.parameters = *parameters;
  return {};
}

Status ReadBody(Call& call, const json::ParseOptions& options) {
  const std::string_view header = call.request().Header(kJsonBytes);
  std::optional<size_t> json_bytes;
  if (!header.empty()) {
    const std::optional<int64_t> length = ParseInt(header);
    if (!length || *length < 0) return BadField(kJsonBytes, StrCat(kJsonBytes, " must be the number of bytes of the JSON, not '", Printable(header), "'"));
    json_bytes = static_cast<size_t>(*length);
  }
  auto infer = std::make_shared<InferBody>();
  const std::string bytes = call.exchange().TakeBody();
  PANO_RETURN_IF_ERROR(ReadInferBody(bytes, json_bytes, options, call.body, *infer));
  call.parsed = std::move(infer);
  return {};
}

}  // namespace

bool OutputForms::IsBinary(std::string_view name) const {
  for (const auto& [output, is_binary] : binary) {
    if (output == name) return is_binary;
  }
  return binary_default;
}

Status ReadInferBody(std::string_view bytes, std::optional<size_t> json_bytes, const json::ParseOptions& options,
                     Value& body, InferBody& infer) {
  std::string_view raw;
  if (json_bytes) {
    if (*json_bytes > bytes.size()) {
      return BadField(kJsonBytes, StrCat(kJsonBytes, " is ", *json_bytes, ", and the body has ", bytes.size(), " bytes"));
    }
    raw = bytes.substr(*json_bytes);
    bytes = bytes.substr(0, *json_bytes);
  }
  PANO_RETURN_IF_ERROR(ParseJsonBody(bytes, options, body));
  PANO_RETURN_IF_ERROR(ReadEnvelope(body, infer));
  PANO_RETURN_IF_ERROR(ReadInputs(body, raw, infer.request));
  PANO_RETURN_IF_ERROR(ReadOutputs(body, infer));
  if (raw.empty()) return {};
  return InvalidArgument(StrCat(raw.size(), " bytes of the body belong to no input"));
}

const BodyFormat kInferBody = {"application/json", CheckContentType, ReadBody};

}  // namespace pano::api::kserve
