#include "app/api/ollama/bodies.h"

#include <array>
#include <utility>

#include "app/api/document/component_schemas.h"
#include "app/api/fields.h"
#include "app/api/ollama/options.h"

namespace pano::api::ollama {
namespace {

using json::Value;
using P = Parameters;

constexpr int64_t kTextsMax = 2048;

constexpr auto kModel = std::to_array<Field>({
    {"model", FieldType::kString, 0, 256, 0, false,
     "Which model answers: an id or an alias; NAME:latest is NAME.", nullptr},
});

constexpr auto kName = std::to_array<Field>({
    {"name", FieldType::kString, 0, 256, 0, false, "The older name of 'model'.", nullptr},
});

constexpr auto kGeneration = std::to_array<Field>({
    {"stream", FieldType::kBool, 0, 0, 0, false, "Whether the answer comes piece by piece; true by default.",
     [](P& p, const Value& v) { p.stream = v.as_bool(); }},
    {"format", FieldType::kAny, 0, 0, 0, false, "\"json\", or a JSON Schema that the answer follows.", nullptr},
    {"options", FieldType::kObject, 0, 0, 0, false, "How to generate.", nullptr, "OllamaOptions"},
    {"keep_alive", FieldType::kAny, 0, 0, 0, false,
     "A duration. 0 without a prompt unloads the model; else memory decides how long it stays.", nullptr},
    {"think", FieldType::kAny, 0, 0, 0, false, "Whether a reasoning model thinks first.", nullptr},
    {"logprobs", FieldType::kBool, 0, 0, 0, false, "Log-probabilities of each token.",
     [](P& p, const Value& v) { p.chat_logprobs = v.as_bool(); }},
    {"top_logprobs", FieldType::kInteger, 0, 20, 0, false, "Alternatives beside each token; needs logprobs.",
     [](P& p, const Value& v) { p.top_logprobs = IntOf(v); }},
    {"truncate", FieldType::kBool, 0, 0, 0, false,
     "Without effect: a prompt that does not fit is refused, never cut.", nullptr},
    {"shift", FieldType::kBool, 0, 0, 0, false, "Refused where true: an answer ends with the context.", nullptr},
});

constexpr auto kChat = std::to_array<Field>({
    {"messages", FieldType::kArray, 0, 0, kMessagesMax, false,
     "The conversation so far; none loads the model.", nullptr},
    {"tools", FieldType::kArray, 0, 0, 256, false, "Functions that may be called.", nullptr},
});

constexpr auto kGenerate = std::to_array<Field>({
    {"prompt", FieldType::kString, 0, kAnyBytes, 0, false, "What to answer; none loads the model.", nullptr},
    {"suffix", FieldType::kString, 0, kAnyBytes, 0, false, "Not supported unless empty.", nullptr},
    {"images", FieldType::kArray, 0, 0, 0, false, "Not supported unless empty.", nullptr},
    {"system", FieldType::kString, 0, kAnyBytes, 0, false, "A system message before the prompt.", nullptr},
    {"template", FieldType::kString, 0, kAnyBytes, 0, false, "Not supported unless empty.", nullptr},
    {"raw", FieldType::kBool, 0, 0, 0, false, "The prompt as it is, without the model's chat template.", nullptr},
    {"context", FieldType::kIntegers, 0, kTokenIdMax, 0, false,
     "Of an answer before: its tokens come first.", nullptr},
});

constexpr auto kEmbed = std::to_array<Field>({
    {"input", FieldType::kTextOrTexts, 0, kAnyBytes, kTextsMax, true, "A text or texts.", nullptr},
    {"truncate", FieldType::kBool, 0, 0, 0, false, "Cuts texts that are too long; true by default.", nullptr},
    {"dimensions", FieldType::kInteger, 1, kTokenIdMax, 0, false, "Cuts each embedding, then normalises it.",
     nullptr},
    {"options", FieldType::kObject, 0, 0, 0, false, "Without effect on embeddings.", nullptr, "OllamaOptions"},
    {"keep_alive", FieldType::kAny, 0, 0, 0, false, "A duration.", nullptr},
});

constexpr auto kEmbeddings = std::to_array<Field>({
    {"prompt", FieldType::kString, 0, kAnyBytes, 0, true, "A text.", nullptr},
    {"options", FieldType::kObject, 0, 0, 0, false, "Without effect on embeddings.", nullptr, "OllamaOptions"},
    {"keep_alive", FieldType::kAny, 0, 0, 0, false, "A duration.", nullptr},
});

constexpr auto kShow = std::to_array<Field>({
    {"verbose", FieldType::kBool, 0, 0, 0, false, "Without effect.", nullptr},
});

// Fields of ours that Ollama does not have.
std::vector<Field> OwnFields() {
  std::vector<Field> own;
  for (const Field& field : AnswerFields()) {
    if (field.name != "return_token_ids") own.push_back(field);
  }
  return own;
}

SchemaMembers EndOf(SchemaMembers members) {
  for (const char* name : {"total_duration?", "load_duration?", "prompt_eval_count?", "prompt_eval_duration?",
                           "eval_count?", "eval_duration?"}) {
    members.emplace_back(name, "i");
  }
  return members;
}

}  // namespace

const BodySchema& ChatBody() {
  static const BodySchema body{JoinFields({kModel, kChat, kGeneration, OwnFields()}), /*closed=*/true};
  return body;
}

const BodySchema& GenerateBody() {
  static const BodySchema body{JoinFields({kModel, kGenerate, kGeneration, OwnFields()}), /*closed=*/true};
  return body;
}

const BodySchema& EmbedBody() {
  static const BodySchema body{JoinFields({kModel, kEmbed}), /*closed=*/true};
  return body;
}

const BodySchema& EmbeddingsBody() {
  static const BodySchema body{JoinFields({kModel, kEmbeddings}), /*closed=*/true};
  return body;
}

const BodySchema& ShowBody() {
  static const BodySchema body{JoinFields({kModel, kName, kShow}), /*closed=*/true};
  return body;
}

std::vector<NamedSchema> Schemas() {
  const SchemaMembers common = {{"model", "s"}, {"created_at", "s"}, {"done", "b"}, {"done_reason?", "s"}, {"logprobs?", "[o"}};
  SchemaMembers chat = common;
  chat.emplace_back("message", "#OllamaMessage");
  SchemaMembers generate = common;
  generate.emplace_back("response", "s");
  generate.emplace_back("thinking?", "s");
  generate.emplace_back("context?", "[i");
  return {
      {"OllamaOptions", SchemaOf(OptionsBody())},
      {"OllamaChatRequest", SchemaOf(ChatBody())},
      {"OllamaGenerateRequest", SchemaOf(GenerateBody())},
      {"OllamaEmbedRequest", SchemaOf(EmbedBody())},
      {"OllamaEmbeddingsRequest", SchemaOf(EmbeddingsBody())},
      {"OllamaShowRequest", SchemaOf(ShowBody())},
      {"OllamaMessage", ObjectSchema({{"role", "s"}, {"content", "s"}, {"thinking?", "s"}, {"tool_calls?", "[o"}})},
      {"OllamaChatAnswer", ObjectSchema(EndOf(std::move(chat)))},
      {"OllamaGenerateAnswer", ObjectSchema(EndOf(std::move(generate)))},
      {"OllamaEmbedAnswer", ObjectSchema({{"model", "s"},
                                          {"embeddings", "[[n"},
                                          {"total_duration", "i"},
                                          {"load_duration", "i"},
                                          {"prompt_eval_count", "i"}})},
      {"OllamaEmbeddingsAnswer", ObjectSchema({{"embedding", "[n"}})},
      {"OllamaDetails", ObjectSchema({{"parent_model", "s"},
                                      {"format", "s"},
                                      {"family", "s"},
                                      {"families", "[s"},
                                      {"parameter_size", "s"},
                                      {"quantization_level", "s"}})},
      {"OllamaModel", ObjectSchema({{"name", "s"},
                                    {"model", "s"},
                                    {"modified_at?", "s"},
                                    {"size", "i"},
                                    {"digest", "s"},
                                    {"details", "#OllamaDetails"},
                                    {"expires_at?", "s"},
                                    {"size_vram?", "i"},
                                    {"context_length?", "i"}})},
      {"OllamaModels", ObjectSchema({{"models", "[#OllamaModel"}})},
      {"OllamaShowAnswer", ObjectSchema({{"license", "s"},
                                         {"modelfile", "s"},
                                         {"parameters", "s"},
                                         {"template", "s"},
                                         {"details", "#OllamaDetails"},
                                         {"model_info", "o"},
                                         {"capabilities", "[s"},
                                         {"modified_at", "s"}})},
      {"OllamaVersion", ObjectSchema({{"version", "s"}})},
      {"OllamaRefused", ShortSchema("o")},
  };
}

}  // namespace pano::api::ollama
