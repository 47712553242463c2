#include "model/batch/predict_request.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "model/serving/reasons.h"

namespace pano::batch {
namespace {

Status CheckIds(const encoder::TextInput& input, int64_t length_max,
                const std::vector<nn::TokenId>& ids) {
  if (ids.empty()) return InvalidArgument("there is no token in it");
  int64_t most = length_max > 0 && input.max_length > 0 ? std::min(length_max, input.max_length)
                                                        : std::max(length_max, input.max_length);
  if (most > 0 && static_cast<int64_t>(ids.size()) > most) {
    return serving::ContextLengthExceeded(most, StrCat("this input has ", ids.size()));
  }
  for (nn::TokenId id : ids) {
    if (id < 0 || id >= input.vocab_size) {
      return InvalidArgument(
          StrCat("token ", id, " is outside the vocabulary of ", input.vocab_size));
    }
  }
  return OkStatus();
}

Status CheckMaskAndTypes(const encoder::TextInput& input, const encoder::TextRow& row) {
  if (!row.mask.empty()) {
    if (row.mask.size() != row.ids.size()) {
      return InvalidArgument(StrCat("the attention mask has ", row.mask.size(), " entries for ",
                                    row.ids.size(), " tokens"));
    }
    if (std::all_of(row.mask.begin(), row.mask.end(), [](uint8_t m) { return m == 0; })) {
      return InvalidArgument("the attention mask leaves every token out");
    }
  }
  if (row.types.empty()) return OkStatus();
  if (input.token_types == 0) return InvalidArgument("the model has no token types");
  if (row.types.size() != row.ids.size()) {
    return InvalidArgument(
        StrCat("there are ", row.types.size(), " token types for ", row.ids.size(), " tokens"));
  }
  for (int32_t type : row.types) {
    if (type < 0 || type >= input.token_types) {
      return InvalidArgument(StrCat("token type ", type, " is not below ", input.token_types));
    }
  }
  return OkStatus();
}

std::string OutputNames(const encoder::EncoderInfo& info) {
  std::string names;
  for (const encoder::OutputInfo& output : info.outputs) {
    names += (names.empty() ? "" : ", ") + output.name;
  }
  return names;
}

bool Wants(const std::vector<std::string>& wanted, const std::string& name) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
}

// Floats of one output that one row gives at most, for `tokens` tokens of it.
int64_t FloatsOf(const encoder::OutputInfo& output, int64_t tokens, int64_t texts) {
  int64_t size = output.size == 0 ? texts : output.size;
  return output.per_token ? tokens * size : size;
}

Status CheckSize(const encoder::EncoderInfo& info, const RequestLimits& limits,
                 const PredictRequest& request) {
  const encoder::EncoderBatch& inputs = request.inputs;
  int64_t per_token = FloatsPerToken(info, inputs.outputs);
  auto texts = static_cast<int64_t>(inputs.texts.size());
  int64_t kept = 0;
  for (size_t i = 0; i < inputs.texts.size(); ++i) {
    // A decoder's outputs have its own length.
    size_t ids = inputs.texts[i].ids.size();
    if (!inputs.decoder_ids.empty()) ids = std::max(ids, inputs.decoder_ids[i].size());
    auto tokens = static_cast<int64_t>(ids);
    if (tokens * per_token > limits.row_floats_max) {
      return InvalidArgument(StrCat("texts[", i, "]: its outputs would take ", tokens * per_token,
                                    " numbers, at most ", limits.row_floats_max, " are computed"));
    }
    kept +=
        per_token *
        (request.positions.empty() ? tokens : static_cast<int64_t>(request.positions[i].size()));
  }
  int64_t rows = std::max<int64_t>(texts, static_cast<int64_t>(inputs.images.size()));
  for (const encoder::OutputInfo& output : info.outputs) {
    if (output.per_token && texts > 0) continue;
    // Of images, per-token outputs are a few hundred patches, which nobody says beforehand.
    if (Wants(inputs.outputs, output.name)) kept += rows * FloatsOf(output, 1, texts);
  }
  if (kept <= limits.answer_floats_max) return OkStatus();
  return InvalidArgument(StrCat("the answer would hold ", kept, " numbers, at most ",
                                limits.answer_floats_max,
                                " are kept: ask for less in one request"));
}

Status CheckShape(const encoder::EncoderInfo& info, const PredictRequest& request) {
  const encoder::EncoderBatch& inputs = request.inputs;
  if (inputs.texts.empty() && inputs.images.empty()) return InvalidArgument("there is no input");
  if (!inputs.texts.empty() && !info.text) return InvalidArgument("the model takes no text");
  if (!inputs.images.empty() && !info.image) return InvalidArgument("the model takes no images");
  if (!inputs.decoder_ids.empty() && !info.decoder) {
    return InvalidArgument("the model has no decoder");
  }
  if (!inputs.decoder_ids.empty() && inputs.decoder_ids.size() != inputs.texts.size()) {
    return InvalidArgument("every text needs its decoder ids, or none has any");
  }
  if (!request.positions.empty() && request.positions.size() != inputs.texts.size()) {
    return InvalidArgument("every text needs its positions, or none has any");
  }
  for (const std::string& name : inputs.outputs) {
    if (!info.FindOutput(name)) {
      return InvalidArgument(StrCat("outputs: the model has no '", Printable(name), "', it has ",
                                    OutputNames(info)))
          .WithField("outputs");
    }
  }
  return OkStatus();
}

Status CheckPositions(const PredictRequest& request) {
  for (size_t i = 0; i < request.positions.size(); ++i) {
    int32_t before = -1;
    for (int32_t position : request.positions[i]) {
      if (position <= before ||
          static_cast<size_t>(position) >= request.inputs.texts[i].ids.size()) {
        return InvalidArgument(StrCat("positions[", i, "]: ", position, " has no place"));
      }
      before = position;
    }
  }
  return OkStatus();
}

}  // namespace

Status CheckText(const encoder::TextInput& input, int64_t length_max, const encoder::TextRow& row) {
  PANO_RETURN_IF_ERROR(CheckIds(input, length_max, row.ids));
  return CheckMaskAndTypes(input, row);
}

Status CheckImage(const encoder::ImageInput& input, const std::vector<float>& pixels) {
  int64_t wanted = input.channels * input.height * input.width;
  if (static_cast<int64_t>(pixels.size()) != wanted) {
    return InvalidArgument(StrCat("an image has ", input.channels, " x ", input.height, " x ",
                                  input.width, " = ", wanted, " values, not ", pixels.size()));
  }
  bool finite = std::all_of(pixels.begin(), pixels.end(), [](float v) { return std::isfinite(v); });
  return finite ? OkStatus() : InvalidArgument("a pixel value is not finite");
}

Status CheckRequest(const encoder::EncoderInfo& info, const RequestLimits& limits,
                    const PredictRequest& request) {
  PANO_RETURN_IF_ERROR(CheckShape(info, request));
  const encoder::EncoderBatch& inputs = request.inputs;
  for (size_t i = 0; i < inputs.texts.size(); ++i) {
    PANO_RETURN_IF_ERROR(
        CheckText(*info.text, limits.length_max, inputs.texts[i]).Wrap(StrCat("texts[", i, "]")));
  }
  for (size_t i = 0; i < inputs.decoder_ids.size(); ++i) {
    PANO_RETURN_IF_ERROR(CheckIds(*info.decoder, limits.length_max, inputs.decoder_ids[i])
                             .Wrap(StrCat("decoder_ids[", i, "]")));
  }
  for (size_t i = 0; i < inputs.images.size(); ++i) {
    PANO_RETURN_IF_ERROR(CheckImage(*info.image, inputs.images[i]).Wrap(StrCat("images[", i, "]")));
  }
  PANO_RETURN_IF_ERROR(CheckPositions(request));
  return CheckSize(info, limits, request);
}

bool GoTogether(const PredictRequest& request) {
  return !request.inputs.texts.empty() && !request.inputs.images.empty();
}

int64_t FloatsPerToken(const encoder::EncoderInfo& info, const std::vector<std::string>& wanted) {
  int64_t floats = 0;
  for (const encoder::OutputInfo& output : info.outputs) {
    if (output.per_token && Wants(wanted, output.name)) floats += output.size;
  }
  return floats;
}

}  // namespace pano::batch
