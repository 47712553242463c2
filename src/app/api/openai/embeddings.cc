#include "app/api/openai/embeddings.h"

#include <bit>
#include <cstdint>
#include <utility>

#include "app/api/answer.h"
#include "app/api/fields.h"
#include "app/api/openai/bodies.h"
#include "app/api/prediction_call.h"
#include "app/api/text_place.h"
#include "app/models/text_row.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using json::Value;

struct EmbeddingsCall {
  models::PredictorPtr version;
  batch::PredictRequest request;
  bool base64 = false;
  int64_t tokens = 0;
};

Status ReadOptions(const Value& body, int64_t size, EmbeddingsCall& embeddings) {
  const Value* format = body.Find("encoding_format");
  if (format && format->is_string()) {
    if (format->as_string() != "float" && format->as_string() != "base64") {
      return BadField("encoding_format", "'encoding_format' must be \"float\" or \"base64\"");
    }
    embeddings.base64 = format->as_string() == "base64";
  }
  const Value* dimensions = body.Find("dimensions");
  if (dimensions && dimensions->is_number() &&
      dimensions->as_double() != static_cast<double>(size)) {
    return BadField("dimensions", StrCat("this model's embeddings have ", size,
                                         " dimensions, others are not made"));
  }
  return {};
}

Status ReadOne(const Value& item, std::string_view where, bool truncate,
               EmbeddingsCall& embeddings) {
  TextPlace place{"input", where};
  encoder::TextRow& row = embeddings.request.inputs.texts.emplace_back();
  Status status;
  if (item.is_string()) {
    status = models::EncodeRow(*embeddings.version, item.as_string(), {}, truncate, row);
  } else {
    for (const Value& id : item.as_array()) {
      row.ids.push_back(static_cast<nn::TokenId>(id.as_double()));
    }
    status = models::FinishRow(*embeddings.version, truncate, row);
  }
  PANO_RETURN_IF_ERROR(AtPlace(place, status));
  embeddings.tokens += static_cast<int64_t>(row.ids.size());
  if (embeddings.tokens <= kRowTokensMax) return {};
  return BadField("input", StrCat("one request may hold ", kRowTokensMax, " tokens"));
}

// The four shapes of `input`; the table has checked their types.
Status ReadInput(const Value& body, EmbeddingsCall& embeddings) {
  const Value* flag = body.Find("truncate");
  bool truncate = flag && flag->is_bool() && flag->as_bool();
  const Value& input = *body.Find("input");
  if (input.is_string()) return ReadOne(input, "input", truncate, embeddings);
  const json::Array& items = input.as_array();
  if (items.empty()) return BadField("input", "'input' is an empty list");
  if (items[0].is_number()) return ReadOne(input, "input", truncate, embeddings);
  for (size_t i = 0; i < items.size(); ++i) {
    PANO_RETURN_IF_ERROR(ReadOne(items[i], StrCat("input[", i, "]"), truncate, embeddings));
  }
  return {};
}

Status ReadEmbeddings(Context& context, Call& call, EmbeddingsCall& embeddings) {
  Parameters parameters;
  PANO_RETURN_IF_ERROR(ReadFields(call.body, EmbeddingsBody(), parameters));
  PANO_ASSIGN_OR_RETURN(embeddings.version, FindPredictor(context, call));
  const encoder::EncoderInfo& info = embeddings.version->info();
  const encoder::OutputInfo* output = models::EmbeddingOutput(info);
  if (!output) {
    return BadField("model", StrCat("this model makes no embeddings, it is made for ",
                                    encoder::TaskName(info.task)))
        .WithReason("model_makes_no_embeddings");
  }
  embeddings.request.inputs.outputs = {output->name};
  SetUrgency(parameters, context.clock.Now(), embeddings.request);
  PANO_RETURN_IF_ERROR(ReadOptions(call.body, output->size, embeddings));
  return ReadInput(call.body, embeddings);
}

Value EmbeddingJson(const std::vector<float>& row, size_t index, bool base64) {
  Value body;
  body.Set("object", "embedding");
  body.Set("index", static_cast<int64_t>(index));
  if (base64) {
    body.Set("embedding", FloatsBase64(row));
    return body;
  }
  json::Array numbers;
  numbers.reserve(row.size());
  for (float number : row) numbers.push_back(FloatJson(number));
  body.Set("embedding", std::move(numbers));
  return body;
}

Value EmbeddingsJson(const models::Predictor& version, const batch::Predicted& predicted,
                     bool base64, int64_t tokens) {
  Value data{json::Array()};
  const std::vector<std::vector<float>>& rows = predicted.outputs.at(0).rows;
  for (size_t i = 0; i < rows.size(); ++i) data.Append(EmbeddingJson(rows[i], i, base64));
  Value usage;
  usage.Set("prompt_tokens", tokens);
  usage.Set("total_tokens", tokens);
  Value body;
  body.Set("object", "list");
  body.Set("data", std::move(data));
  body.Set("model", version.id);
  body.Set("usage", std::move(usage));
  return body;
}

}  // namespace

std::string FloatsBase64(const std::vector<float>& numbers) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((numbers.size() * 4 + 2) / 3 * 4);
  uint32_t held = 0;
  int bits = 0;
  for (float number : numbers) {
    auto pattern = std::bit_cast<uint32_t>(number);
    for (int byte = 0; byte < 4; ++byte) {
      held = (held << 8 | (pattern >> (8 * byte) & 0xff)) & 0xffff;
      for (bits += 8; bits >= 6; bits -= 6) text.push_back(kDigits[held >> (bits - 6) & 63]);
    }
  }
  if (bits > 0) text.push_back(kDigits[held << (6 - bits) & 63]);
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

void Embeddings(Context& context, CallPtr call) {
  EmbeddingsCall embeddings;
  if (Status status = ReadEmbeddings(context, *call, embeddings); !status.ok()) {
    return call->Fail(status);
  }
  models::PredictorPtr version = embeddings.version;
  StartPrediction(context, call, version, std::move(embeddings.request),
                  [version, base64 = embeddings.base64, tokens = embeddings.tokens](
                      Call& answered, const batch::Predicted& predicted) {
                    answered.RespondJson(EmbeddingsJson(*version, predicted, base64, tokens));
                  });
}

}  // namespace pano::api::openai
