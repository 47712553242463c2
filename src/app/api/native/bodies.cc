#include "app/api/native/bodies.h"

#include <array>

#include "app/api/constraint.h"
#include "app/api/document/component_schemas.h"
#include "app/api/fields.h"

namespace pano::api::native {
namespace {

using json::Value;
using P = Parameters;

constexpr auto kPredict = std::to_array<Field>({
    {"inputs", FieldType::kTextOrTexts, 0, kAnyBytes, kInputsMax, true,
     "The text to continue, or several.", nullptr},
    {"parameters", FieldType::kObject, 0, 0, 0, false, "How to generate.", nullptr,
     "PredictParameters"},
});

constexpr auto kPredictStream = std::to_array<Field>({
    {"stream_options", FieldType::kObject, 0, 0, 0, false, "How a stream behaves.", nullptr,
     "PredictStreamOptions"},
});

constexpr auto kInstances = std::to_array<Field>({
    {"instances", FieldType::kArray, 0, 0, kInputsMax, true,
     "What to look at, one answer each: a text, or an object with \"text\" (and \"pair\"), with "
     "\"input_ids\" (and \"attention_mask\", \"token_type_ids\"), or with \"pixel_values\".",
     nullptr, "Instance"},
    {"parameters", FieldType::kObject, 0, 0, 0, false, "What to answer.", nullptr,
     "InstancesParameters"},
});

constexpr auto kInstancesOutputs = std::to_array<Field>({
    {"outputs", FieldType::kTextOrTexts, 1, 64, 16, false,
     "Names of the model's outputs: these come as they are, in place of labels and the like.",
     nullptr},
    {"top_k", FieldType::kInteger, 1, 100, 0, false,
     "Candidates for each masked token; 5 by default.",
     [](P& p, const Value& v) { p.top_k = IntOf(v); }},
    {"mask_token_id", FieldType::kInteger, 0, kTokenIdMax, 0, false,
     "What a masked token is, where the tokenizer does not say.", nullptr},
});

constexpr auto kTokenize = std::to_array<Field>({
    {"text", FieldType::kString, 0, kAnyBytes, 0, false, "The text to encode.", nullptr},
    {"messages", FieldType::kMessages, 0, 0, kMessagesMax, false,
     "A conversation to render and encode, in place of text.", nullptr},
    {"add_special_tokens", FieldType::kBool, 0, 0, 0, false,
     "Whether begin tokens and their like are added; the default is the tokenizer file's.",
     nullptr},
    {"parse_special", FieldType::kBool, 0, 0, 0, false,
     "Whether special tokens written in the text count as such; true by default.", nullptr},
});

constexpr auto kDetokenize = std::to_array<Field>({
    {"ids", FieldType::kIntegers, 0, kTokenIdMax, 0, true, "The tokens.", nullptr},
    {"skip_special_tokens", FieldType::kBool, 0, 0, 0, false,
     "Whether special tokens give no text; true by default.", nullptr},
});

}  // namespace

const BodySchema& PredictBody() {
  static const BodySchema body{
      JoinFields({kPredict, std::span(&kStreamField, 1), kPredictStream})};
  return body;
}

const BodySchema& PredictStreamOptions() {
  static const BodySchema body{JoinFields({std::span(&kResumableField, 1)})};
  return body;
}

const BodySchema& PredictParameters() {
  static const BodySchema body{JoinFields({std::span(&kMaxTokensField, 1), SamplingFields(), ConstraintFields(),
                                           std::span(&kLogprobsField, 1), AnswerFields()}),
                               /*closed=*/true};
  return body;
}

const BodySchema& InstancesBody() {
  static const BodySchema body{JoinFields({kInstances})};
  return body;
}

const BodySchema& InstancesParameters() {
  static const BodySchema body{JoinFields({kInstancesOutputs, RowFields()}), /*closed=*/true};
  return body;
}

const BodySchema& TokenizeBody() {
  static const BodySchema body{JoinFields({std::span(&kModelField, 1), kTokenize})};
  return body;
}

const BodySchema& DetokenizeBody() {
  static const BodySchema body{JoinFields({std::span(&kModelField, 1), kDetokenize})};
  return body;
}

std::vector<NamedSchema> Schemas() {
  return {
      {"PredictRequest", SchemaOf(PredictBody())},
      {"PredictParameters", SchemaOf(PredictParameters())},
      {"PredictStreamOptions", SchemaOf(PredictStreamOptions())},
      {"Timings", ObjectSchema({{"queue_ms", "n"},
                                {"ttft_ms", "n"},
                                {"total_ms", "n"},
                                {"prompt_tokens_per_second", "n"},
                                {"generated_tokens_per_second", "n"}})},
      {"PredictOutput",
       ObjectSchema(
           {{"text", "s"}, {"finish_reason", "s"}, {"logprobs?", "[o"}, {"token_ids?", "[i"}})},
      {"PredictProgress", ObjectSchema({{"index", "i"},
                                        {"token", "s"},
                                        {"token_id", "?i"},
                                        {"probability", "?n"},
                                        {"logprob", "?n"},
                                        {"top?", "[o"}})},
      {"PredictDone",
       ObjectSchema(
           {{"index", "i"}, {"finish_reason", "s"}, {"usage", "#Usage"}, {"timings", "#Timings"}})},
      {"PredictEvent", AnyOfSchema({"#PredictProgress", "#PredictDone", "#Error"})},
      {"PredictStream",
       EventSchema("PredictEvent", "Server-sent events named progress, done (one for each output) "
                                   "and error; 'id' counts them.")},
      {"PredictResponse", ObjectSchema({{"id", "s"},
                                        {"model", "s"},
                                        {"version", "s"},
                                        {"outputs", "[#PredictOutput"},
                                        {"usage", "#Usage"},
                                        {"timings", "#Timings"}})},
      {"InstancesRequest", SchemaOf(InstancesBody())},
      {"InstancesParameters", SchemaOf(InstancesParameters())},
      {"InstanceObject", ObjectSchema({{"text?", "?s"},
                                       {"pair?", "?s"},
                                       {"ids?", "?[i"},
                                       {"input_ids?", "?[i"},
                                       {"attention_mask?", "?[i"},
                                       {"token_type_ids?", "?[i"},
                                       {"decoder_input_ids?", "?[i"},
                                       {"pixel_values?", "?[[[n"}})},
      {"Instance", AnyOfSchema({"s", "#InstanceObject"})},
      {"PredictBody", AnyOfSchema({"#PredictRequest", "#InstancesRequest"})},
      {"InstancesTimings", ObjectSchema({{"queue_ms", "n"}, {"total_ms", "n"}})},
      {"PredictionsResponse", ObjectSchema({{"id", "s"},
                                            {"model", "s"},
                                            {"version", "s"},
                                            {"predictions", "[o"},
                                            {"usage", "#InputUsage"},
                                            {"timings", "#InstancesTimings"}})},
      {"PredictAnswer", AnyOfSchema({"#PredictResponse", "#PredictionsResponse"})},
      {"TokenizeRequest", SchemaOf(TokenizeBody())},
      {"DetokenizeRequest", SchemaOf(DetokenizeBody())},
      {"TokenizeResponse", ObjectSchema({{"ids", "[i"}, {"tokens", "[s"}})},
      {"DetokenizeResponse", ObjectSchema({{"text", "s"}})},
      {"ManageBody", ObjectSchema({})},
      {"ManageAnswer", ObjectSchema({{"id", "s"}, {"version_states", "[o"}})},
      {"Live", ObjectSchema({{"live", "b"}})},
      {"Ready", ObjectSchema({{"ready", "b"}, {"reason?", "s"}, {"models", "[o"}})},
      {"Health", ObjectSchema({{"status", "s"}, {"reason?", "s"}})},
      {"ProtectedResource", ObjectSchema({{"resource", "s"},
                                          {"authorization_servers", "[s"},
                                          {"scopes_supported", "[s"},
                                          {"bearer_methods_supported", "[s"},
                                          {"resource_name", "s"},
                                          {"tls_client_certificate_bound_access_tokens?", "b"}})},
      {"OpenApi", ObjectSchema({{"openapi", "s"}, {"info", "o"}, {"paths", "o"}})},
  };
}

}  // namespace pano::api::native
