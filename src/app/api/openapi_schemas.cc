#include "app/api/openapi_schemas.h"

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/schema.h"
#include "base/check.h"
#include "base/strings.h"

namespace pano::api {
namespace {

using json::Value;

// A schema in a few letters: "s" string, "i" integer, "n" number, "b" boolean, "o" object, "[x" a
// list of x, "?x" x or null, "#Name" a reference.
Value Short(std::string_view text) {
  PANO_CHECK(!text.empty());
  Value schema;
  switch (text[0]) {
    case 's':
      schema.Set("type", "string");
      break;
    case 'i':
      schema.Set("type", "integer");
      break;
    case 'n':
      schema.Set("type", "number");
      break;
    case 'b':
      schema.Set("type", "boolean");
      break;
    case 'o':
      schema.Set("type", "object");
      break;
    case '[':
      schema.Set("type", "array");
      schema.Set("items", Short(text.substr(1)));
      break;
    case '?': {
      Value null;
      null.Set("type", "null");
      schema.Set("anyOf", Value(json::Array{Short(text.substr(1)), std::move(null)}));
      break;
    }
    case '#':
      schema.Set("$ref", StrCat("#/components/schemas/", text.substr(1)));
      break;
    default:
      PANO_CHECK(false);
  }
  return schema;
}

using Members = std::vector<std::pair<std::string_view, std::string_view>>;

// Members are required unless their name ends in '?'.
Value Object(const Members& members) {
  Value properties{json::Object()};
  Value required;
  for (auto [name, type] : members) {
    bool optional = name.ends_with('?');
    if (optional) name.remove_suffix(1);
    properties.Set(name, Short(type));
    if (!optional) required.Append(name);
  }
  Value schema;
  schema.Set("type", "object");
  schema.Set("properties", std::move(properties));
  if (!required.is_null()) schema.Set("required", std::move(required));
  return schema;
}

Value Message() {
  Value schema =
      Object({{"role", "s"}, {"name?", "s"}, {"tool_calls?", "[o"}, {"tool_call_id?", "s"}});
  Value part = Object({{"type", "s"}, {"text", "s"}});
  Value parts;
  parts.Set("type", "array");
  parts.Set("items", std::move(part));
  Value content;
  content.Set("anyOf", Value(json::Array{Short("s"), std::move(parts), Short("?s")}));
  Value properties = *schema.Find("properties");
  properties.Set("content", std::move(content));
  schema.Set("properties", std::move(properties));
  return schema;
}

void AddAnswers(Value& schemas) {
  schemas.Set("Usage", Object({{"prompt_tokens", "i"},
                               {"completion_tokens", "i"},
                               {"total_tokens", "i"},
                               {"prompt_tokens_details?", "o"},
                               {"completion_tokens_details?", "o"}}));
  schemas.Set("Timings", Object({{"queue_ms", "n"},
                                 {"ttft_ms", "n"},
                                 {"total_ms", "n"},
                                 {"prompt_tokens_per_second", "n"},
                                 {"generated_tokens_per_second", "n"}}));
  schemas.Set(
      "PredictOutput",
      Object({{"text", "s"}, {"finish_reason", "s"}, {"logprobs?", "[o"}, {"token_ids?", "[i"}}));
  schemas.Set("PredictResponse", Object({{"id", "s"},
                                         {"model", "s"},
                                         {"version", "s"},
                                         {"outputs", "[#PredictOutput"},
                                         {"usage", "#Usage"},
                                         {"timings", "#Timings"}}));
  schemas.Set(
      "ChatChoice",
      Object(
          {{"index", "i"}, {"message", "#Message"}, {"logprobs", "?o"}, {"finish_reason", "s"}}));
  schemas.Set("ChatCompletion", Object({{"id", "s"},
                                        {"object", "s"},
                                        {"created", "i"},
                                        {"model", "s"},
                                        {"choices", "[#ChatChoice"},
                                        {"usage", "#Usage"}}));
  schemas.Set("CompletionChoice", Object({{"index", "i"},
                                          {"text", "s"},
                                          {"logprobs", "?o"},
                                          {"finish_reason", "s"},
                                          {"token_ids?", "[i"}}));
  schemas.Set("Completion", Object({{"id", "s"},
                                    {"object", "s"},
                                    {"created", "i"},
                                    {"model", "s"},
                                    {"choices", "[#CompletionChoice"},
                                    {"usage", "#Usage"}}));
}

Value AnyOf(std::initializer_list<std::string_view> types) {
  Value choices{json::Array()};
  for (std::string_view type : types) choices.Append(Short(type));
  Value schema;
  schema.Set("anyOf", std::move(choices));
  return schema;
}

// Models that look at whole inputs.
void AddPredictions(Value& schemas) {
  schemas.Set("InstancesRequest", SchemaOf(kInstancesBody));
  schemas.Set("InstancesParameters", SchemaOf(kInstancesParameters));
  schemas.Set("EmbeddingsRequest", SchemaOf(kEmbeddingsBody));
  schemas.Set("InstanceObject", Object({{"text?", "s"},
                                        {"pair?", "s"},
                                        {"ids?", "[i"},
                                        {"input_ids?", "[i"},
                                        {"attention_mask?", "[i"},
                                        {"token_type_ids?", "[i"},
                                        {"decoder_input_ids?", "[i"},
                                        {"pixel_values?", "[[[n"}}));
  schemas.Set("Instance", AnyOf({"s", "#InstanceObject"}));
  schemas.Set("PredictBody", AnyOf({"#PredictRequest", "#InstancesRequest"}));
  schemas.Set("InstancesTimings", Object({{"queue_ms", "n"}, {"total_ms", "n"}}));
  schemas.Set("InputUsage", Object({{"prompt_tokens", "i"}, {"total_tokens", "i"}}));
  schemas.Set("PredictionsResponse", Object({{"id", "s"},
                                             {"model", "s"},
                                             {"version", "s"},
                                             {"predictions", "[o"},
                                             {"usage", "#InputUsage"},
                                             {"timings", "#InstancesTimings"}}));
  schemas.Set("PredictAnswer", AnyOf({"#PredictResponse", "#PredictionsResponse"}));
  Value embedding = Object({{"object", "s"}, {"index", "i"}});
  Value properties = *embedding.Find("properties");
  properties.Set("embedding", AnyOf({"[n", "s"}));
  embedding.Set("properties", std::move(properties));
  schemas.Set("Embedding", std::move(embedding));
  schemas.Set(
      "EmbeddingsResponse",
      Object({{"object", "s"}, {"data", "[#Embedding"}, {"model", "s"}, {"usage", "#InputUsage"}}));
}

}  // namespace

json::Value ComponentSchemas() {
  Value schemas;
  schemas.Set("PredictRequest", SchemaOf(kPredictBody));
  schemas.Set("PredictParameters", SchemaOf(kPredictParameters));
  schemas.Set("ChatCompletionRequest", SchemaOf(kChatBody));
  schemas.Set("CompletionRequest", SchemaOf(kCompletionBody));
  schemas.Set("StreamOptions", SchemaOf(kStreamOptions));
  schemas.Set("TokenizeRequest", SchemaOf(kTokenizeBody));
  schemas.Set("DetokenizeRequest", SchemaOf(kDetokenizeBody));
  schemas.Set("Message", Message());
  AddAnswers(schemas);
  AddPredictions(schemas);
  schemas.Set("TokenizeResponse", Object({{"ids", "[i"}, {"tokens", "[s"}}));
  schemas.Set("DetokenizeResponse", Object({{"text", "s"}}));
  schemas.Set("Model", Object({{"id", "s"},
                               {"object", "s"},
                               {"created", "i"},
                               {"owned_by", "s"},
                               {"version", "s"},
                               {"versions", "[s"},
                               {"vocab_size", "i"},
                               {"context_length", "i"},
                               {"has_tokenizer", "b"},
                               {"has_chat_template", "b"},
                               {"task", "s"},
                               {"outputs?", "[s"},
                               {"labels?", "[s"},
                               {"embedding_size?", "i"},
                               {"pooling?", "s"},
                               {"image_shape?", "[i"}}));
  schemas.Set("ModelList", Object({{"object", "s"}, {"data", "[#Model"}}));
  schemas.Set("Live", Object({{"live", "b"}}));
  schemas.Set("Ready", Object({{"ready", "b"}, {"reason?", "s"}, {"models", "[o"}}));
  schemas.Set("OpenApi", Object({{"openapi", "s"}, {"info", "o"}, {"paths", "o"}}));
  schemas.Set(
      "ErrorDetail",
      Object(
          {{"message", "s"}, {"type", "s"}, {"param", "?s"}, {"code", "?s"}, {"request_id", "s"}}));
  schemas.Set("Error", Object({{"error", "#ErrorDetail"}}));
  return schemas;
}

}  // namespace pano::api
