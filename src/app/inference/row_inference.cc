#include "app/inference/row_inference.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/failure.h"
#include "app/api/fields.h"
#include "app/api/prediction_call.h"
#include "app/api/text_place.h"
#include "app/inference/parameters.h"
#include "app/models/text_row.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "model/batch/predict_request.h"

namespace pano::inference {
namespace {

using encoder::EncoderBatch;
using encoder::TextRow;

const Tensor* Find(const InferRequest& request, std::string_view name) {
  for (const Tensor& input : request.inputs) {
    if (input.name == name) return &input;
  }
  return nullptr;
}

// The rows of a tensor [N, T] of INT64 as numbers from 0 to `max`.
template <typename T>
Status ReadRows(const Tensor& tensor, int64_t max, std::vector<std::vector<T>>& rows) {
  const std::vector<int64_t> numbers = tensor.As<int64_t>();
  const auto width = static_cast<size_t>(tensor.shape[1]);
  for (size_t at = 0; at < numbers.size(); ++at) {
    if (numbers[at] < 0 || numbers[at] > max) {
      return api::BadField(tensor.name, StrCat("the input '", tensor.name, "' has ", numbers[at], " at ",
                                               ShapeText(Shape{static_cast<int64_t>(at / width),
                                                               static_cast<int64_t>(at % width)}),
                                               ", and takes 0 to ", max));
    }
    if (at % width == 0) rows.emplace_back().reserve(width);
    rows.back().push_back(static_cast<T>(numbers[at]));
  }
  return {};
}

Status CheckTokens(int64_t tokens, std::string_view name) {
  if (tokens <= api::kRowTokensMax) return {};
  return api::BadField(name, StrCat("the input '", name, "' has ", tokens, " tokens, at most ", api::kRowTokensMax,
                                    " go into one request"));
}

Status CheckRowCount(const Tensor& tensor) {
  const int64_t rows = tensor.shape.front();
  if (rows <= 0) return api::BadField(tensor.name, StrCat("the input '", tensor.name, "' has no row"));
  if (rows <= api::kInputsMax) return {};
  return api::BadField(tensor.name, StrCat("the input '", tensor.name, "' has ", rows, " rows, at most ",
                                           api::kInputsMax, " go into one request"));
}

// `attention_mask` and `token_type_ids` have an entry for each of the ids.
template <typename T>
Status ReadBeside(const InferRequest& request, std::string_view name, const Tensor& ids, int64_t max,
                  std::vector<std::vector<T>>& rows) {
  const Tensor* tensor = Find(request, name);
  if (!tensor) return {};
  if (tensor->shape != ids.shape) {
    return api::BadField(name, StrCat("the input '", name, "' has the shape ", ShapeText(tensor->shape),
                                      ", and 'input_ids' ", ShapeText(ids.shape)));
  }
  return ReadRows(*tensor, max, rows);
}

Status ReadIds(const models::Predictor& version, const InferRequest& request, const Tensor& ids, bool truncate,
               EncoderBatch& inputs) {
  constexpr int64_t kIdMax = std::numeric_limits<int32_t>::max();
  PANO_RETURN_IF_ERROR(CheckRowCount(ids));
  if (ids.shape[1] == 0) return api::BadField(ids.name, "the input 'input_ids' has rows without a token");
  PANO_RETURN_IF_ERROR(CheckTokens(ids.shape[0] * ids.shape[1], ids.name));
  std::vector<std::vector<nn::TokenId>> tokens;
  std::vector<std::vector<uint8_t>> masks;
  std::vector<std::vector<int32_t>> types;
  PANO_RETURN_IF_ERROR(ReadRows(ids, kIdMax, tokens));
  PANO_RETURN_IF_ERROR(ReadBeside(request, "attention_mask", ids, 1, masks));
  PANO_RETURN_IF_ERROR(ReadBeside(request, "token_type_ids", ids, kIdMax, types));
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::string where = StrCat("input_ids[", i, "]");
    TextRow& row = inputs.texts.emplace_back();
    row.ids = std::move(tokens[i]);
    if (!masks.empty()) row.mask = std::move(masks[i]);
    if (!types.empty()) row.types = std::move(types[i]);
    PANO_RETURN_IF_ERROR(api::AtPlace({ids.name, where}, models::FinishRow(version, truncate, row)));
  }
  return {};
}

Status ReadTexts(const models::Predictor& version, const Tensor& texts, bool truncate, EncoderBatch& inputs) {
  PANO_RETURN_IF_ERROR(CheckRowCount(texts));
  int64_t tokens = 0;
  for (size_t i = 0; i < texts.texts.size(); ++i) {
    const std::string where = StrCat("text[", i, "]");
    TextRow& row = inputs.texts.emplace_back();
    if (!Utf8Valid(texts.texts[i])) return api::BadField("text", StrCat(where, " is no UTF-8"));
    PANO_RETURN_IF_ERROR(api::AtPlace({texts.name, where},
                                      models::EncodeRow(version, texts.texts[i], {}, truncate, row)));
    tokens += static_cast<int64_t>(row.ids.size());
    PANO_RETURN_IF_ERROR(CheckTokens(tokens, texts.name));
  }
  return {};
}

Status ReadPixels(const models::Predictor& version, const Tensor& pixels, EncoderBatch& inputs) {
  PANO_RETURN_IF_ERROR(CheckRowCount(pixels));
  const std::vector<float> numbers = pixels.As<float>();
  const size_t size = numbers.size() / static_cast<size_t>(pixels.shape[0]);
  for (auto at = numbers.begin(); at != numbers.end(); at += static_cast<std::ptrdiff_t>(size)) {
    const std::string where = StrCat("pixel_values[", inputs.images.size(), "]");
    inputs.images.emplace_back(at, at + static_cast<std::ptrdiff_t>(size));
    PANO_RETURN_IF_ERROR(api::AtPlace({pixels.name, where},
                                      batch::CheckImage(*version.info().image, inputs.images.back())));
  }
  return {};
}

Status ReadDecoder(const models::Predictor& version, const Tensor& ids, EncoderBatch& inputs) {
  constexpr int64_t kIdMax = std::numeric_limits<int32_t>::max();
  PANO_RETURN_IF_ERROR(CheckRowCount(ids));
  if (ids.shape[1] == 0) return api::BadField(ids.name, "the input 'decoder_input_ids' has rows without a token");
  PANO_RETURN_IF_ERROR(CheckTokens(ids.shape[0] * ids.shape[1], ids.name));
  PANO_RETURN_IF_ERROR(ReadRows(ids, kIdMax, inputs.decoder_ids));
  if (inputs.decoder_ids.size() != inputs.texts.size()) {
    return api::BadField(ids.name, StrCat("the input 'decoder_input_ids' has ", inputs.decoder_ids.size(),
                                          " rows for ", inputs.texts.size(), " texts"));
  }
  for (size_t i = 0; i < inputs.decoder_ids.size(); ++i) {
    const std::string where = StrCat("decoder_input_ids[", i, "]");
    const TextRow row = {inputs.decoder_ids[i], {}, {}};
    PANO_RETURN_IF_ERROR(api::AtPlace(
        {ids.name, where}, batch::CheckText(*version.info().decoder, version.context_length, row)));
  }
  return {};
}

Status ReadInputs(const models::Predictor& version, const InferRequest& request, bool truncate,
                  EncoderBatch& inputs) {
  const Tensor* ids = Find(request, "input_ids");
  const Tensor* text = Find(request, "text");
  const Tensor* pixels = Find(request, "pixel_values");
  const Tensor* decoder = Find(request, "decoder_input_ids");
  if (ids && text) return api::BadField("text", "either 'text' or 'input_ids', not both");
  for (std::string_view name : {"attention_mask", "token_type_ids"}) {
    if (!ids && Find(request, name)) return api::BadField(name, StrCat("the input '", name, "' goes with 'input_ids'"));
  }
  if (ids) PANO_RETURN_IF_ERROR(ReadIds(version, request, *ids, truncate, inputs));
  if (text) PANO_RETURN_IF_ERROR(ReadTexts(version, *text, truncate, inputs));
  if (pixels) PANO_RETURN_IF_ERROR(ReadPixels(version, *pixels, inputs));
  if (!ids && !text && !pixels) {
    const std::string_view wanted = version.info().text ? "input_ids" : "pixel_values";
    return api::BadField(wanted, StrCat("the input '", wanted, "' is missing"));
  }
  if (!version.info().decoder || inputs.texts.empty()) return {};
  if (!decoder) return api::BadField("decoder_input_ids", "the input 'decoder_input_ids' is missing");
  return ReadDecoder(version, *decoder, inputs);
}

Status CheckOutputs(const models::Predictor& version, const std::vector<std::string>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!version.info().FindOutput(outputs[i])) {
      std::string names;
      for (const encoder::OutputInfo& one : version.info().outputs) names += (names.empty() ? "" : ", ") + one.name;
      return api::BadField("outputs", StrCat("the model has no output '", Printable(outputs[i]), "': it gives ", names));
    }
    if (std::find(outputs.begin(), outputs.begin() + static_cast<std::ptrdiff_t>(i), outputs[i]) !=
        outputs.begin() + static_cast<std::ptrdiff_t>(i)) {
      return api::BadField("outputs", StrCat("the output '", outputs[i], "' is asked for twice"));
    }
  }
  return {};
}

// Rows of one length, or filled up to the longest one's.
Status ToTensor(const encoder::Output& output, Tensor& tensor) {
  // Filling up may make much of little.
  constexpr size_t kFloatsMax = 1 << 24;
  size_t width = 0;
  for (const std::vector<float>& row : output.rows) width = std::max(width, row.size());
  if (!output.rows.empty() && width > kFloatsMax / output.rows.size()) {
    return api::BadField("text", StrCat("the output '", output.name, "' would take more than ", kFloatsMax,
                                        " numbers: send texts of more equal lengths, or fewer"));
  }
  std::vector<float> all;
  all.reserve(width * output.rows.size());
  for (const std::vector<float>& row : output.rows) {
    all.insert(all.end(), row.begin(), row.end());
    all.resize(all.size() + (width - row.size()));
  }
  const auto rows = static_cast<int64_t>(output.rows.size());
  const auto columns = static_cast<int64_t>(width);
  Shape shape = {rows, columns};
  if (output.per_token && output.size > 0) shape = {rows, columns / output.size, output.size};
  tensor = FloatTensor(output.name, std::move(shape), all);
  return {};
}

Status ToOutputs(const batch::Predicted& predicted, const std::vector<std::string>& wanted,
                 std::vector<Tensor>& outputs) {
  if (wanted.empty()) {
    for (const encoder::Output& output : predicted.outputs) {
      PANO_RETURN_IF_ERROR(ToTensor(output, outputs.emplace_back()));
    }
    return {};
  }
  for (const std::string& name : wanted) {
    const encoder::Output* output = predicted.Find(name);
    if (!output) return api::BadField("outputs", StrCat("these inputs do not lead to '", name, "'"));
    PANO_RETURN_IF_ERROR(ToTensor(*output, outputs.emplace_back()));
  }
  return {};
}

Status MakeRequest(const api::Context& context, const models::Predictor& version, const InferRequest& request,
                   batch::PredictRequest& predict) {
  api::Parameters parameters;
  bool truncate = false;
  PANO_RETURN_IF_ERROR(ReadParameters(request.parameters, version, parameters, truncate));
  PANO_RETURN_IF_ERROR(CheckOutputs(version, request.outputs));
  PANO_RETURN_IF_ERROR(ReadInputs(version, request, truncate, predict.inputs));
  predict.inputs.outputs = request.outputs;
  api::SetUrgency(parameters, context.clock.Now(), predict);
  return batch::CheckRequest(version.info(), {}, predict);
}

}  // namespace

void StartRows(api::Context& context, api::CallPtr call, models::PredictorPtr version,
               InferRequest request, std::function<void(api::Call&, InferResponse)> respond) {
  batch::PredictRequest predict;
  if (Status status = MakeRequest(context, *version, request, predict); !status.ok()) return call->Fail(status);
  InferResponse response{version->id, version->version, std::move(request.id), {}};
  api::StartPrediction(context, std::move(call), std::move(version), std::move(predict),
                       [response = std::move(response), wanted = std::move(request.outputs),
                        respond = std::move(respond)](api::Call& answered, const batch::Predicted& predicted) {
                         InferResponse whole = response;
                         Status status = ToOutputs(predicted, wanted, whole.outputs);
                         if (!status.ok()) return answered.Fail(status);
                         respond(answered, std::move(whole));
                       });
}

}  // namespace pano::inference
