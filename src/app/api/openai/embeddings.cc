#include "app/api/openai/embeddings.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>

#include "app/api/answer.h"
#include "app/api/fields.h"
#include "app/api/openai/bodies.h"
#include "app/api/openai/undone_fields.h"
#include "app/api/prediction_call.h"
#include "app/api/text_place.h"
#include "app/models/text_row.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using json::Value;

// What an answer is made of beside the vectors.
struct EmbeddingsShape {
  bool base64 = false;
  size_t dimensions = 0;  // what vectors are cut to; 0: as they are
  int64_t tokens = 0;
};

struct EmbeddingsCall {
  models::PredictorPtr version;
  batch::PredictRequest request;
  EmbeddingsShape shape;
};

Status ReadOptions(const Value& body, int64_t size, EmbeddingsCall& embeddings) {
  const Value* format = body.Find("encoding_format");
  if (format && format->is_string()) {
    if (format->as_string() != "float" && format->as_string() != "base64") {
      return BadField("encoding_format", "'encoding_format' must be \"float\" or \"base64\"");
    }
    embeddings.shape.base64 = format->as_string() == "base64";
  }
  const Value* dimensions = body.Find("dimensions");
  if (!dimensions || !dimensions->is_number()) return {};
  const double asked = dimensions->as_double();
  if (asked == static_cast<double>(size)) return {};
  // Models whose vectors may be cut (Matryoshka representation learning, Kusupati et al. 2022) are trained for
  // halves of halves; another size is a mistake more often than a wish.
  if (asked > static_cast<double>(size) || std::fmod(asked, 2) != 0) {
    return BadField("dimensions", StrCat("this model's embeddings have ", size,
                                         " dimensions: they can be cut to fewer, an even number"));
  }
  embeddings.shape.dimensions = static_cast<size_t>(asked);
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
  embeddings.shape.tokens += static_cast<int64_t>(row.ids.size());
  if (embeddings.shape.tokens <= kRowTokensMax) return {};
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
  PANO_RETURN_IF_ERROR(RefuseUndone(call.body, FieldSet::kEmbeddings, EmbeddingsBody()));
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

// The first numbers of a vector, of length 1 again.
std::vector<float> CutVector(const std::vector<float>& row, size_t dimensions) {
  if (dimensions == 0) return row;
  std::vector<float> cut(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(dimensions));
  double squares = 0;
  for (float number : cut) squares += static_cast<double>(number) * number;
  const double length = std::sqrt(squares);
  if (length == 0) return cut;
  for (float& number : cut) number = static_cast<float>(number / length);
  return cut;
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
                     const EmbeddingsShape& shape) {
  Value data{json::Array()};
  const std::vector<std::vector<float>>& rows = predicted.outputs.at(0).rows;
  for (size_t i = 0; i < rows.size(); ++i) {
    data.Append(EmbeddingJson(CutVector(rows[i], shape.dimensions), i, shape.base64));
  }
  Value usage;
  usage.Set("prompt_tokens", shape.tokens);
  usage.Set("total_tokens", shape.tokens);
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
                  [version, shape = embeddings.shape](Call& answered, const batch::Predicted& predicted) {
                    answered.RespondJson(EmbeddingsJson(*version, predicted, shape));
                  });
}

}  // namespace pano::api::openai
