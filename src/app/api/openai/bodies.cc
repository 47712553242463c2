#include "app/api/openai/bodies.h"

#include <array>
#include <utility>

#include "app/api/constraint.h"
#include "app/api/document/component_schemas.h"
#include "app/api/fields.h"

namespace pano::api::openai {
namespace {

using json::Value;
using P = Parameters;

constexpr int64_t kEmbeddingsMax = 2048;  // as OpenAI has it
constexpr int64_t kPairsMax = 1024;       // of texts, in one request

constexpr auto kChat = std::to_array<Field>({
    {"messages", FieldType::kMessages, 0, 0, kMessagesMax, true, "The conversation so far.",
     nullptr},
    {"tools", FieldType::kArray, 0, 0, 256, false,
     "Functions that the model may call: {\"type\": \"function\", \"function\": {\"name\", "
     "\"description\", \"parameters\"}}.", nullptr},
    {"tool_choice", FieldType::kAny, 0, 0, 0, false,
     "\"auto\" or \"none\" (the template sees no tools).", nullptr},
    {"parallel_tool_calls", FieldType::kBool, 0, 0, 0, false,
     "Whether one message may hold several calls; true by default.", nullptr},
    {"functions", FieldType::kArray, 0, 0, 256, false,
     "The older form of tools: {\"name\", \"description\", \"parameters\"}.", nullptr},
    {"function_call", FieldType::kAny, 0, 0, 0, false, "The older form of tool_choice.", nullptr},
    {"reasoning_effort", FieldType::kString, 1, 16, 0, false,
     "none, minimal, low, medium, high or xhigh: for templates that know it; none turns thinking off.", nullptr},
    {"reasoning", FieldType::kObject, 0, 0, 0, false,
     "{\"effort\", \"max_tokens\", \"enabled\"}: the same, and the tokens that may be thought.", nullptr},
    {"thinking_budget", FieldType::kInteger, 0, kTokensMax, 0, false,
     "Tokens of reasoning at most; behind them the model has to answer.", nullptr},
    {"thinking_token_budget", FieldType::kInteger, 0, kTokensMax, 0, false,
     "Another name of thinking_budget.", nullptr},
    {"chat_template_kwargs", FieldType::kObject, 0, 0, 0, false,
     "More variables for the chat template.", nullptr},
    {"add_generation_prompt", FieldType::kBool, 0, 0, 0, false,
     "Whether the template opens the assistant's turn; true by default.", nullptr},
    {"continue_final_message", FieldType::kBool, 0, 0, 0, false,
     "The last message is the assistant's, and the answer goes on from its text.", nullptr},
});

constexpr auto kPrompt = std::to_array<Field>({
    {"prompt", FieldType::kPrompt, 0, kTokenIdMax, kInputsMax, false,
     "Text, texts, token ids or lists of token ids. Left out: the model's begin token.", nullptr},
});

constexpr auto kSuffix = std::to_array<Field>({
    {"suffix", FieldType::kString, 0, kAnyBytes, 0, false, "Not supported unless empty.", nullptr},
});

constexpr auto kTruncate = std::to_array<Field>({
    {"truncate_prompt_tokens", FieldType::kInteger, -1, kTokensMax, 0, false,
     "Keeps that many tokens of each prompt, its last ones; -1: as many as fit.", nullptr},
});

constexpr auto kStream = std::to_array<Field>({
    {"stream_options", FieldType::kObject, 0, 0, 0, false, "What else a stream tells.", nullptr,
     "StreamOptions"},
});

constexpr auto kUsage = std::to_array<Field>({
    {"include_usage", FieldType::kBool, 0, 0, 0, false,
     "One more chunk at the end, without choices, with the usage.",
     [](P& p, const Value& v) { p.include_usage = v.as_bool(); }},
    {"continuous_usage_stats", FieldType::kBool, 0, 0, 0, false, "Each chunk has the usage so far.", nullptr},
});

constexpr auto kChatTokens = std::to_array<Field>({
    {"max_completion_tokens", FieldType::kInteger, 1, kTokensMax, 0, false,
     "The newer name of max_tokens; wins over it.",
     [](P& p, const Value& v) { p.max_completion_tokens = IntOf(v); }},
});

constexpr auto kCompletionTokens = std::to_array<Field>({
    {"max_tokens", FieldType::kInteger, 0, kTokensMax, 0, false,
     "Tokens to generate at most; 0 with echo scores the prompt alone. Default: 16.",
     [](P& p, const Value& v) { p.max_tokens = IntOf(v); }},
});

constexpr auto kEcho = std::to_array<Field>({
    {"best_of", FieldType::kInteger, 1, 128, 0, false, "Has to equal n.",
     [](P& p, const Value& v) { p.best_of = IntOf(v); }},
    {"echo", FieldType::kBool, 0, 0, 0, false,
     "Puts the prompt, with its logprobs where asked for, before the answer.",
     [](P& p, const Value& v) { p.echo = v.as_bool(); }},
    {"add_special_tokens", FieldType::kBool, 0, 0, 0, false,
     "Whether begin tokens and their like are put before a prompt given as text; true by default.",
     [](P& p, const Value& v) { p.add_special_tokens = v.as_bool(); }},
});

constexpr auto kChatLogprobs = std::to_array<Field>({
    {"logprobs", FieldType::kBool, 0, 0, 0, false, "Log-probabilities of each token.",
     [](P& p, const Value& v) { p.chat_logprobs = v.as_bool(); }},
    {"top_logprobs", FieldType::kInteger, 0, 20, 0, false,
     "Alternatives beside each token; needs logprobs.",
     [](P& p, const Value& v) { p.top_logprobs = IntOf(v); }},
});

constexpr auto kResponse = std::to_array<Field>({
    {"input", FieldType::kAny, 0, 0, 0, false,
     "A text, or a list of items: messages of text, function calls and their outputs, reasoning.", nullptr},
    {"instructions", FieldType::kString, 0, kAnyBytes, 0, false, "A system message for this response alone.",
     nullptr},
    {"previous_response_id", FieldType::kString, 1, 256, 0, false, "The response that the talk goes on from.",
     nullptr},
    {"store", FieldType::kBool, 0, 0, 0, false, "Keeps the response for a while; true by default.", nullptr},
    {"max_output_tokens", FieldType::kInteger, 1, kTokensMax, 0, false,
     "Tokens to generate at most. Default: what is left of the context.",
     [](P& p, const Value& v) { p.max_tokens = IntOf(v); }},
    {"tools", FieldType::kArray, 0, 0, 256, false, "Functions; handed to the chat template.", nullptr},
    {"tool_choice", FieldType::kAny, 0, 0, 0, false, "\"auto\" or \"none\" (the template sees no tools).", nullptr},
    {"parallel_tool_calls", FieldType::kBool, 0, 0, 0, false, "Whether there may be several calls.", nullptr},
    {"text", FieldType::kObject, 0, 0, 0, false, "The format of the text: {\"format\": {\"type\": \"text\"}}.",
     nullptr},
    {"reasoning", FieldType::kObject, 0, 0, 0, false, "How a model that reasons does it.", nullptr},
    {"include", FieldType::kArray, 0, 0, 32, false, "\"message.output_text.logprobs\" adds log-probabilities.",
     nullptr},
    {"top_logprobs", FieldType::kInteger, 0, 20, 0, false, "Alternatives beside each token; needs include.",
     [](P& p, const Value& v) { p.top_logprobs = IntOf(v); }},
    {"truncation", FieldType::kString, 1, 64, 0, false, "\"disabled\".", nullptr},
    {"metadata", FieldType::kObject, 0, 0, 0, false, "Given back.", nullptr},
    {"user", FieldType::kString, 0, kAnyBytes, 0, false, "Given back.", nullptr},
    {"safety_identifier", FieldType::kString, 0, kAnyBytes, 0, false, "Given back.", nullptr},
    {"prompt_cache_key", FieldType::kString, 0, kAnyBytes, 0, false, "Given back.", nullptr},
    {"chat_template_kwargs", FieldType::kObject, 0, 0, 0, false, "More variables for the chat template.", nullptr},
});

constexpr auto kEmbeddings = std::to_array<Field>({
    {"input", FieldType::kPrompt, 0, kTokenIdMax, kEmbeddingsMax, true,
     "Text, texts, token ids or lists of token ids.", nullptr},
    {"encoding_format", FieldType::kString, 1, 16, 0, false,
     "\"float\" (the default) or \"base64\": float32, little-endian.", nullptr},
    {"dimensions", FieldType::kInteger, 1, kTokenIdMax, 0, false,
     "Cuts each vector to so many numbers, an even number up to the model's, and normalises what is left.",
     nullptr},
    {"user", FieldType::kString, 0, kAnyBytes, 0, false, "Not looked at.", nullptr},
});

constexpr auto kRerank = std::to_array<Field>({
    {"query", FieldType::kString, 0, kAnyBytes, 0, true, "What the documents are to answer.", nullptr},
    {"documents", FieldType::kArray, 0, 0, kPairsMax, true, "Texts, or objects with a \"text\".", nullptr},
    {"top_n", FieldType::kInteger, 1, kTokenIdMax, 0, false, "So many of the best; all by default.", nullptr},
    {"return_documents", FieldType::kBool, 0, 0, 0, false, "Gives each result its document's text; false by default.",
     nullptr},
});

constexpr auto kScore = std::to_array<Field>({
    {"text_1", FieldType::kTextOrTexts, 0, kAnyBytes, kPairsMax, true,
     "A text, which goes with each of text_2, or as many as those.", nullptr},
    {"text_2", FieldType::kTextOrTexts, 0, kAnyBytes, kPairsMax, true, "A text or texts.", nullptr},
});

Value EmbeddingSchema() {
  Value embedding = ObjectSchema({{"object", "s"}, {"index", "i"}});
  Value properties = *embedding.Find("properties");
  properties.Set("embedding", AnyOfSchema({"[n", "s"}));
  embedding.Set("properties", std::move(properties));
  return embedding;
}

}  // namespace

const BodySchema& ChatBody() {
  static const BodySchema body{
      JoinFields({std::span(&kModelField, 1), std::span(&kStreamField, 1), kChat, ConstraintFields(), kStream,
                  std::span(&kMaxTokensField, 1), kChatTokens, SamplingFields(), kChatLogprobs,
                  kTruncate, AnswerFields()})};
  return body;
}

const BodySchema& CompletionBody() {
  static const BodySchema body{JoinFields(
      {std::span(&kModelField, 1), std::span(&kStreamField, 1), kPrompt, ConstraintFields(), kSuffix, kStream,
       kCompletionTokens, SamplingFields(), kEcho, std::span(&kLogprobsField, 1), kTruncate, AnswerFields()})};
  return body;
}

const BodySchema& StreamOptions() {
  static const BodySchema body{JoinFields({kUsage, std::span(&kResumableField, 1)})};
  return body;
}

const BodySchema& EmbeddingsBody() {
  static const BodySchema body{JoinFields({std::span(&kModelField, 1), RowFields(), kEmbeddings})};
  return body;
}

const BodySchema& ResponseBody() {
  static const BodySchema body{JoinFields({std::span(&kModelField, 1), std::span(&kStreamField, 1), kResponse, kStream,
                                           SamplingFields(), AnswerFields()})};
  return body;
}

const BodySchema& RerankBody() {
  static const BodySchema body{JoinFields({std::span(&kModelField, 1), RowFields(), kRerank})};
  return body;
}

const BodySchema& ScoreBody() {
  static const BodySchema body{JoinFields({std::span(&kModelField, 1), RowFields(), kScore})};
  return body;
}

std::vector<NamedSchema> Schemas() {
  return {
      {"ChatCompletionRequest", SchemaOf(ChatBody())},
      {"CompletionRequest", SchemaOf(CompletionBody())},
      {"StreamOptions", SchemaOf(StreamOptions())},
      {"EmbeddingsRequest", SchemaOf(EmbeddingsBody())},
      {"ChatChoice",
       ObjectSchema(
           {{"index", "i"}, {"message", "#Message"}, {"logprobs", "?o"}, {"finish_reason", "s"}})},
      {"ChatCompletion", ObjectSchema({{"id", "s"},
                                       {"object", "s"},
                                       {"created", "i"},
                                       {"model", "s"},
                                       {"choices", "[#ChatChoice"},
                                       {"usage", "#Usage"}})},
      {"ChatDelta", ObjectSchema({{"role?", "s"},
                                  {"content?", "s"},
                                  {"reasoning_content?", "s"},
                                  {"tool_calls?", "[o"},
                                  {"function_call?", "o"}})},
      {"ChatChunkChoice", ObjectSchema({{"index", "i"},
                                        {"delta", "#ChatDelta"},
                                        {"logprobs", "?o"},
                                        {"finish_reason", "?s"},
                                        {"token_ids?", "[i"}})},
      {"ChatCompletionChunk", ObjectSchema({{"id", "s"},
                                            {"object", "s"},
                                            {"created", "i"},
                                            {"model", "s"},
                                            {"choices", "[#ChatChunkChoice"},
                                            {"usage?", "?#Usage"}})},
      {"ChatCompletionEvent", AnyOfSchema({"#ChatCompletionChunk", "#Error"})},
      {"ChatCompletionStream",
       EventSchema("ChatCompletionEvent", "Server-sent events without names; the last is [DONE].")},
      {"CompletionChunkChoice", ObjectSchema({{"index", "i"},
                                              {"text", "s"},
                                              {"logprobs", "?o"},
                                              {"finish_reason", "?s"},
                                              {"token_ids?", "[i"}})},
      {"CompletionChunk", ObjectSchema({{"id", "s"},
                                        {"object", "s"},
                                        {"created", "i"},
                                        {"model", "s"},
                                        {"choices", "[#CompletionChunkChoice"},
                                        {"usage?", "?#Usage"}})},
      {"CompletionEvent", AnyOfSchema({"#CompletionChunk", "#Error"})},
      {"CompletionStream",
       EventSchema("CompletionEvent", "Server-sent events without names; the last is [DONE].")},
      {"CompletionChoice", ObjectSchema({{"index", "i"},
                                         {"text", "s"},
                                         {"logprobs", "?o"},
                                         {"finish_reason", "s"},
                                         {"token_ids?", "[i"}})},
      {"Completion", ObjectSchema({{"id", "s"},
                                   {"object", "s"},
                                   {"created", "i"},
                                   {"model", "s"},
                                   {"choices", "[#CompletionChoice"},
                                   {"usage", "#Usage"}})},
      {"Embedding", EmbeddingSchema()},
      {"EmbeddingsResponse",
       ObjectSchema(
           {{"object", "s"}, {"data", "[#Embedding"}, {"model", "s"}, {"usage", "#InputUsage"}})},
      {"ResponseRequest", SchemaOf(ResponseBody())},
      {"Response", ObjectSchema({{"id", "s"},
                                 {"object", "s"},
                                 {"created_at", "i"},
                                 {"status", "s"},
                                 {"error", "?o"},
                                 {"incomplete_details", "?o"},
                                 {"instructions", "?s"},
                                 {"max_output_tokens", "?i"},
                                 {"model", "s"},
                                 {"output", "[o"},
                                 {"previous_response_id", "?s"},
                                 {"store", "b"},
                                 {"temperature", "n"},
                                 {"top_p", "n"},
                                 {"usage", "?o"}})},
      {"ResponseEvent", ObjectSchema({{"type", "s"},
                                      {"sequence_number", "i"},
                                      {"response?", "#Response"},
                                      {"item?", "o"},
                                      {"item_id?", "s"},
                                      {"output_index?", "i"},
                                      {"content_index?", "i"},
                                      {"delta?", "s"}})},
      {"ResponseStream", EventSchema("ResponseEvent", "Server-sent events, named by their type.")},
      {"ResponseDeleted", ObjectSchema({{"id", "s"}, {"object", "s"}, {"deleted", "b"}})},
      {"ResponseInputItems", ObjectSchema({{"object", "s"},
                                           {"data", "[o"},
                                           {"first_id", "?s"},
                                           {"last_id", "?s"},
                                           {"has_more", "b"}})},
      {"ResponseInputTokens", ObjectSchema({{"object", "s"}, {"input_tokens", "i"}})},
      {"RerankRequest", SchemaOf(RerankBody())},
      {"RerankResult", ObjectSchema({{"index", "i"}, {"relevance_score", "n"}, {"document?", "o"}})},
      {"RerankResponse", ObjectSchema({{"id", "s"},
                                       {"object", "s"},
                                       {"model", "s"},
                                       {"results", "[#RerankResult"},
                                       {"usage", "#InputUsage"}})},
      {"ScoreRequest", SchemaOf(ScoreBody())},
      {"PairScore", ObjectSchema({{"index", "i"}, {"object", "s"}, {"score", "n"}})},
      {"ScoreResponse", ObjectSchema({{"id", "s"},
                                      {"object", "s"},
                                      {"created", "i"},
                                      {"model", "s"},
                                      {"data", "[#PairScore"},
                                      {"usage", "#InputUsage"}})},
      {"Model", ObjectSchema({{"id", "s"},
                              {"object", "s"},
                              {"created", "i"},
                              {"owned_by", "s"},
                              {"version", "s"},
                              {"aliases?", "[s"},
                              {"versions", "[s"},
                              {"vocab_size?", "i"},
                              {"context_length?", "i"},
                              {"has_tokenizer?", "b"},
                              {"has_chat_template?", "b"},
                              {"task?", "s"},
                              {"outputs?", "[s"},
                              {"labels?", "[s"},
                              {"embedding_size?", "i"},
                              {"pooling?", "s"},
                              {"image_shape?", "[i"},
                              {"state", "s"},
                              {"reason?", "s"},
                              {"version_states?", "[o"}})},
      {"ModelList", ObjectSchema({{"object", "s"}, {"data", "[#Model"}})},
  };
}

}  // namespace pano::api::openai
