#include "app/inference/signature.h"

#include "app/models/predictor.h"

namespace pano::inference {
namespace {

const TensorSpec* Find(const std::vector<TensorSpec>& specs, std::string_view name) {
  for (const TensorSpec& spec : specs) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

// A size that requests decide.
constexpr int64_t kAny = -1;

Signature OfPredictor(const models::Predictor& version) {
  const encoder::EncoderInfo& info = version.info();
  Signature signature;
  std::vector<TensorSpec>& inputs = signature.inputs;
  const Shape ids = {kAny, kAny};
  if (info.text) {
    inputs.push_back({"input_ids", Datatype::kInt64, ids});
    inputs.push_back({"attention_mask", Datatype::kInt64, ids});
    if (info.text->token_types > 0) inputs.push_back({"token_type_ids", Datatype::kInt64, ids});
    if (version.tokenizer) inputs.push_back({"text", Datatype::kBytes, {kAny}});
  }
  if (info.decoder) inputs.push_back({"decoder_input_ids", Datatype::kInt64, ids});
  if (info.image) {
    const encoder::ImageInput& image = *info.image;
    inputs.push_back({"pixel_values", Datatype::kFp32, {kAny, image.channels, image.height, image.width}});
  }
  for (const encoder::OutputInfo& output : info.outputs) {
    const int64_t size = output.size > 0 ? output.size : kAny;
    const Shape shape = output.per_token ? Shape{kAny, kAny, size} : Shape{kAny, size};
    signature.outputs.push_back({output.name, Datatype::kFp32, shape});
  }
  return signature;
}

}  // namespace

const TensorSpec* Signature::FindInput(std::string_view name) const { return Find(inputs, name); }
const TensorSpec* Signature::FindOutput(std::string_view name) const { return Find(outputs, name); }

Signature SignatureOf(const models::ModelVersion& version) {
  if (const models::Predictor* predictor = version.AsPredictor()) return OfPredictor(*predictor);
  const TensorSpec text = {"text", Datatype::kBytes, {kAny}};
  return {{text}, {text}};
}

}  // namespace pano::inference
