#include "app/api/ollama/embed.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "app/api/answer.h"
#include "app/api/fields.h"
#include "app/api/ollama/bodies.h"
#include "app/api/ollama/keep_alive.h"
#include "app/api/ollama/options.h"
#include "app/api/prediction_call.h"
#include "app/api/text_place.h"
#include "app/models/text_row.h"
#include "base/strings.h"

namespace pano::api::ollama {
namespace {

using json::Value;

struct EmbedCall {
  models::PredictorPtr version;
  batch::PredictRequest request;
  std::string model;              // as the client calls it
  size_t size = 0;                // numbers of each embedding
  int64_t tokens = 0;
  TimePoint begun{};
  TimePoint loaded{};
};

Status ReadFieldsOf(const Value& body, const BodySchema& schema) {
  Parameters unused;
  PANO_RETURN_IF_ERROR(ReadFields(body, schema, unused));
  PANO_RETURN_IF_ERROR(AsksToUnload(body).error());
  const Value* options = body.Find("options");
  if (!options || options->is_null()) return {};
  std::optional<int64_t> context;
  return ReadOptions(*options, unused, context);
}

Status FindEmbedder(Context& context, Call& call, EmbedCall& embed) {
  embed.begun = call.begun();
  embed.loaded = context.clock.Now();
  PANO_ASSIGN_OR_RETURN(embed.version, FindPredictor(context, call));
  const encoder::EncoderInfo& info = embed.version->info();
  const encoder::OutputInfo* output = models::EmbeddingOutput(info);
  if (!output) {
    return BadField("model",
                    StrCat("this model makes no embeddings, it is made for ", encoder::TaskName(info.task)))
        .WithReason("model_makes_no_embeddings");
  }
  const Value* model = call.body.Find("model");
  embed.model = model && model->is_string() && !model->as_string().empty() ? model->as_string() : embed.version->id;
  embed.request.inputs.outputs = {output->name};
  embed.size = static_cast<size_t>(output->size);
  return {};
}

Status ReadText(const std::string& text, const TextPlace& place, bool truncate, EmbedCall& embed) {
  encoder::TextRow& row = embed.request.inputs.texts.emplace_back();
  PANO_RETURN_IF_ERROR(AtPlace(place, models::EncodeRow(*embed.version, text, {}, truncate, row)));
  embed.tokens += static_cast<int64_t>(row.ids.size());
  if (embed.tokens <= kRowTokensMax) return {};
  return BadField(place.field, StrCat("one request may hold ", kRowTokensMax, " tokens"));
}

Status ReadInput(const Value& body, EmbedCall& embed) {
  const Value* flag = body.Find("truncate");
  const bool truncate = !flag || !flag->is_bool() || flag->as_bool();
  const Value& input = *body.Find("input");
  if (input.is_string()) return ReadText(input.as_string(), {"input", "input"}, truncate, embed);
  for (size_t i = 0; i < input.as_array().size(); ++i) {
    const std::string where = StrCat("input[", i, "]");
    PANO_RETURN_IF_ERROR(ReadText(input.as_array()[i].as_string(), {"input", where}, truncate, embed));
  }
  return {};
}

Status ReadDimensions(const Value& body, EmbedCall& embed) {
  const Value* dimensions = body.Find("dimensions");
  if (!dimensions || dimensions->is_null()) return {};
  const auto asked = static_cast<size_t>(IntOf(*dimensions));
  if (asked > embed.size) {
    return BadField("dimensions", StrCat("this model's embeddings have ", embed.size, " dimensions, not ", asked));
  }
  embed.size = asked;
  return {};
}

Value RowJson(const std::vector<float>& row) {
  json::Array numbers;
  numbers.reserve(row.size());
  for (float number : row) numbers.push_back(FloatJson(number));
  return numbers;
}

Value EmbedJson(const EmbedCall& embed, json::Array embeddings, TimePoint now) {
  Value body;
  body.Set("model", embed.model);
  body.Set("embeddings", std::move(embeddings));
  body.Set("total_duration", (now - embed.begun).count());
  body.Set("load_duration", (embed.loaded - embed.begun).count());
  body.Set("prompt_eval_count", embed.tokens);
  return body;
}

Status ReadEmbed(Context& context, Call& call, EmbedCall& embed) {
  PANO_RETURN_IF_ERROR(ReadFieldsOf(call.body, EmbedBody()));
  PANO_RETURN_IF_ERROR(FindEmbedder(context, call, embed));
  PANO_RETURN_IF_ERROR(ReadDimensions(call.body, embed));
  return ReadInput(call.body, embed);
}

Status ReadEmbeddings(Context& context, Call& call, EmbedCall& embed) {
  PANO_RETURN_IF_ERROR(ReadFieldsOf(call.body, EmbeddingsBody()));
  PANO_RETURN_IF_ERROR(FindEmbedder(context, call, embed));
  const std::string& prompt = call.body.Find("prompt")->as_string();
  if (prompt.empty()) return {};
  return ReadText(prompt, {"prompt", "prompt"}, /*truncate=*/true, embed);
}

}  // namespace

std::vector<float> Normalized(std::vector<float> row, size_t size) {
  row.resize(size);
  double sum = 0;
  for (float x : row) sum += static_cast<double>(x) * static_cast<double>(x);
  if (!(sum > 0)) return row;
  const double scale = 1 / std::sqrt(sum);
  for (float& x : row) x = static_cast<float>(static_cast<double>(x) * scale);
  return row;
}

void Embed(Context& context, CallPtr call) {
  EmbedCall embed;
  if (Status read = ReadEmbed(context, *call, embed); !read.ok()) return call->Fail(read);
  if (embed.request.inputs.texts.empty()) return call->RespondJson(EmbedJson(embed, {}, context.clock.Now()));
  batch::PredictRequest request = std::move(embed.request);
  const models::PredictorPtr version = embed.version;
  StartPrediction(context, call, version, std::move(request),
                  [embed = std::move(embed), &clock = context.clock](Call& answered, const batch::Predicted& predicted) {
                    json::Array rows;
                    for (const std::vector<float>& row : predicted.outputs.at(0).rows) {
                      rows.push_back(RowJson(Normalized(row, embed.size)));
                    }
                    answered.RespondJson(EmbedJson(embed, std::move(rows), clock.Now()));
                  });
}

void Embeddings(Context& context, CallPtr call) {
  EmbedCall embed;
  if (Status read = ReadEmbeddings(context, *call, embed); !read.ok()) return call->Fail(read);
  const auto answer = [](Call& answered, Value embedding) {
    Value body;
    body.Set("embedding", std::move(embedding));
    answered.RespondJson(body);
  };
  if (embed.request.inputs.texts.empty()) return answer(*call, json::Array());
  const models::PredictorPtr version = embed.version;
  StartPrediction(context, call, version, std::move(embed.request),
                  [answer](Call& answered, const batch::Predicted& predicted) {
                    answer(answered, RowJson(predicted.outputs.at(0).rows.at(0)));
                  });
}

}  // namespace pano::api::ollama
