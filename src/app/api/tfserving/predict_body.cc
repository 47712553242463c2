#include "app/api/tfserving/predict_body.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/failure.h"
#include "app/api/fields.h"
#include "app/inference/inference.h"
#include "app/inference/tensor_json.h"
#include "base/base64.h"
#include "base/strings.h"

namespace pano::api::tfserving {
namespace {

using inference::Datatype;
using inference::InferRequest;
using inference::Signature;
using inference::Tensor;
using inference::TensorSpec;
using json::Value;

constexpr auto kFields = std::to_array<Field>({
    {"signature_name", FieldType::kString, 0, 256, 0, false,
     "Which outputs: serving_default (the default), or the name of one output.", nullptr},
    {"instances", FieldType::kArray, 0, 0, kInputsMax, false, "A row each, answered as predictions.", nullptr},
    {"inputs", FieldType::kAny, 0, 0, 0, false, "Whole tensors, answered as outputs.", nullptr},
    {"parameters", FieldType::kObject, 0, 0, 0, false, "How to generate, or to look at the inputs.", nullptr},
});

// {"b64": "..."}: bytes.
const std::string* Base64Of(const Value& value) {
  if (!value.is_object() || value.as_object().size() != 1) return nullptr;
  const Value* text = value.Find("b64");
  return text && text->is_string() ? &text->as_string() : nullptr;
}

// A tensor's shape by its lists: whether all have it is seen when it is read.
Status InferShape(const Value* value, Tensor& tensor) {
  while (value->is_array()) {
    if (tensor.shape.size() == inference::kRankMax) {
      return InvalidArgument(StrCat("its lists nest deeper than ", inference::kRankMax));
    }
    tensor.shape.push_back(static_cast<int64_t>(value->as_array().size()));
    if (value->as_array().empty()) return {};
    value = &value->as_array()[0];
  }
  return {};
}

// TensorFlow Serving takes bytes with padding or without.
constexpr Base64Rule kBase64 = {.padding_required = false, .spare_bits_checked = true};

// The same data with the texts that base64 stands for.
Status DecodeTexts(Value& value) {
  if (value.is_array()) {
    for (Value& item : value.as_array()) PANO_RETURN_IF_ERROR(DecodeTexts(item));
    return {};
  }
  const std::string* encoded = Base64Of(value);
  if (!encoded) return {};
  std::optional<std::string> bytes = FromBase64(*encoded, kBase64);
  if (!bytes) return InvalidArgument("its 'b64' is no base64");
  value = Value(*std::move(bytes));
  return {};
}

Status ReadTensor(const TensorSpec& spec, Value data, Tensor& tensor) {
  tensor.name = spec.name;
  tensor.datatype = spec.datatype;
  if (spec.datatype == Datatype::kBytes) PANO_RETURN_IF_ERROR(DecodeTexts(data));
  PANO_RETURN_IF_ERROR(InferShape(&data, tensor));
  return inference::ReadJson(data, tensor);
}

Status AddTensor(const Signature& signature, const std::string& name, Value data, InferRequest& request) {
  const TensorSpec* spec = signature.FindInput(name);
  if (!spec) {
    std::string names;
    for (const TensorSpec& one : signature.inputs) names += (names.empty() ? "" : ", ") + one.name;
    return BadField(Printable(name), StrCat("the model has no input '", Printable(name), "': it takes ", names));
  }
  if (request.inputs.size() == InferRequest::kTensorsMax) return BadField("inputs", "there are too many inputs");
  return inference::AtTensor("input", spec->name, ReadTensor(*spec, std::move(data), request.inputs.emplace_back()));
}

// The input that a value without a name is for: the only one, or the text of a model that takes that, too.
Result<std::string> Unnamed(const Signature& signature, const Value& value, std::string_view field) {
  if (signature.inputs.size() == 1) return signature.inputs[0].name;
  const Value* leaf = &value;
  while (leaf->is_array() && !leaf->as_array().empty()) leaf = &leaf->as_array()[0];
  const bool text = leaf->is_string() || Base64Of(*leaf);
  if (text && signature.FindInput("text")) return std::string("text");
  std::string names;
  for (const TensorSpec& one : signature.inputs) names += (names.empty() ? "" : ", ") + one.name;
  return BadField(field, StrCat("the model has several inputs, and '", field, "' does not say which it gives: ", names));
}

bool IsNamed(const Value& value) { return value.is_object() && !Base64Of(value); }

Status ReadNamedRows(const json::Array& rows, const Signature& signature, InferRequest& request) {
  const json::Object& first = rows[0].as_object();
  if (first.empty()) return BadField("instances", "instances[0] has no input");
  if (first.size() > InferRequest::kTensorsMax) return BadField("instances", "instances[0] has too many inputs");
  for (const auto& [name, value] : first) {
    json::Array column;
    column.reserve(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      const Value* cell = IsNamed(rows[i]) ? rows[i].Find(name) : nullptr;
      if (!cell || rows[i].as_object().size() != first.size()) {
        return BadField("instances", StrCat("instances[", i, "] has other inputs than instances[0]"));
      }
      column.push_back(*cell);
    }
    PANO_RETURN_IF_ERROR(AddTensor(signature, name, Value(std::move(column)), request));
  }
  return {};
}

Status ReadRows(const Value& instances, const Signature& signature, InferRequest& request) {
  const json::Array& rows = instances.as_array();
  if (rows.empty()) return BadField("instances", "'instances' is an empty list");
  if (IsNamed(rows[0])) return ReadNamedRows(rows, signature, request);
  PANO_ASSIGN_OR_RETURN(const std::string name, Unnamed(signature, rows[0], "instances"));
  return AddTensor(signature, name, instances, request);
}

Status ReadColumns(const Value& inputs, const Signature& signature, InferRequest& request) {
  if (!IsNamed(inputs)) {
    PANO_ASSIGN_OR_RETURN(const std::string name, Unnamed(signature, inputs, "inputs"));
    return AddTensor(signature, name, inputs, request);
  }
  if (inputs.as_object().empty()) return BadField("inputs", "'inputs' names no input");
  for (const auto& [name, value] : inputs.as_object()) {
    PANO_RETURN_IF_ERROR(AddTensor(signature, name, value, request));
  }
  return {};
}

}  // namespace

const BodySchema& PredictBody() {
  static const BodySchema body{JoinFields({kFields}), /*closed=*/true};
  return body;
}

Status ReadPredict(const Value& body, const Signature& signature, PredictRequest& predict) {
  Parameters unused;
  PANO_RETURN_IF_ERROR(ReadFields(body, PredictBody(), unused));
  const auto member = [&](std::string_view name) {
    const Value* value = body.Find(name);
    return value && !value->is_null() ? value : nullptr;
  };
  const Value* instances = member("instances");
  const Value* inputs = member("inputs");
  if (!instances == !inputs) return BadField("instances", "one of 'instances' and 'inputs' is needed");
  if (const Value* name = member("signature_name")) predict.signature_name = name->as_string();
  if (const Value* parameters = member("parameters")) predict.request.parameters = *parameters;
  predict.rows = instances != nullptr;
  if (instances) return ReadRows(*instances, signature, predict.request);
  return ReadColumns(*inputs, signature, predict.request);
}

}  // namespace pano::api::tfserving
