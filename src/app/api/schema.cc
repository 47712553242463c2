#include "app/api/schema.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/strings.h"

namespace pano::api {
namespace {

using json::Value;
using P = Parameters;

constexpr double kIdMax = std::numeric_limits<int32_t>::max();
constexpr double kInt53 = 9007199254740992.0;
constexpr double kInt63 = 9223372036854775807.0;
constexpr double kAnyBytes = kInt53;  // bounded by the body already
constexpr double kTokensMax = 1 << 24;
constexpr int64_t kInputsMax = 256;       // texts in one request
constexpr int64_t kEmbeddingsMax = 2048;  // as OpenAI has it
constexpr int64_t kMessagesMax = 4096;
constexpr double kDayMs = 86'400'000;

constexpr uint16_t kGenerate = kPredictParameters | kChatBody | kCompletionBody;
constexpr uint16_t kOpenAi = kChatBody | kCompletionBody;
constexpr uint16_t kModelBodies = kOpenAi | kTokenizeBody | kDetokenizeBody | kEmbeddingsBody;

int64_t Int(const Value& v) {
  return v.is_int() ? v.as_int() : static_cast<int64_t>(v.as_double());
}
engine::TokenId Id(const Value& v) { return static_cast<engine::TokenId>(Int(v)); }

void StoreStop(P& p, const Value& v) {
  p.stop.clear();
  if (v.is_string()) p.stop.push_back(v.as_string());
  if (v.is_array()) {
    for (const Value& text : v.as_array()) p.stop.push_back(text.as_string());
  }
}

void StoreStopIds(P& p, const Value& v) {
  p.stop_token_ids.clear();
  for (const Value& id : v.as_array()) p.stop_token_ids.push_back(Id(id));
}

void StoreBias(P& p, const Value& v) {
  p.logit_bias.clear();
  for (const auto& [id, bias] : v.as_object()) {
    p.logit_bias[static_cast<engine::TokenId>(*ParseInt(id))] =
        static_cast<float>(bias.as_double());
  }
}

constexpr auto kFields = std::to_array<Field>({
    {"model", kModelBodies, FieldType::kString, 1, 160, 0, false,
     "Which model answers: id or id@version. May be left out where one model is served.", nullptr},
    {"inputs", kPredictBody, FieldType::kTextOrTexts, 0, kAnyBytes, kInputsMax, true,
     "The text to continue, or several.", nullptr},
    {"instances", kInstancesBody, FieldType::kArray, 0, 0, kInputsMax, true,
     "What to look at, one answer each: a text, or an object with \"text\" (and \"pair\"), with "
     "\"input_ids\" (and \"attention_mask\", \"token_type_ids\"), or with \"pixel_values\".",
     nullptr},
    {"parameters", kInstancesBody, FieldType::kObject, 0, 0, 0, false, "What to answer.", nullptr},
    {"outputs", kInstancesParameters, FieldType::kTextOrTexts, 1, 64, 16, false,
     "Names of the model's outputs: these come as they are, in place of labels and the like.",
     nullptr},
    {"top_k", kInstancesParameters, FieldType::kInteger, 1, 100, 0, false,
     "Candidates for each masked token; 5 by default.",
     [](P& p, const Value& v) { p.top_k = Int(v); }},
    {"mask_token_id", kInstancesParameters, FieldType::kInteger, 0, kIdMax, 0, false,
     "What a masked token is, where the tokenizer does not say.", nullptr},
    {"truncate", kInstancesParameters | kEmbeddingsBody, FieldType::kBool, 0, 0, 0, false,
     "Cuts texts that are too long; else they are refused.", nullptr},
    {"timeout_ms", kInstancesParameters | kEmbeddingsBody, FieldType::kInteger, 1, kDayMs, 0, false,
     "A request that takes longer is a 504.", [](P& p, const Value& v) { p.timeout_ms = Int(v); }},
    {"input", kEmbeddingsBody, FieldType::kPrompt, 0, kIdMax, kEmbeddingsMax, true,
     "Text, texts, token ids or lists of token ids.", nullptr},
    {"encoding_format", kEmbeddingsBody, FieldType::kString, 1, 16, 0, false,
     "\"float\" (the default) or \"base64\": float32, little-endian.", nullptr},
    {"dimensions", kEmbeddingsBody, FieldType::kInteger, 1, kIdMax, 0, false,
     "Has to be the model's.", nullptr},
    {"user", kEmbeddingsBody, FieldType::kString, 0, kAnyBytes, 0, false, "Not looked at.",
     nullptr},
    {"parameters", kPredictBody, FieldType::kObject, 0, 0, 0, false, "How to generate.", nullptr},
    {"stream", kPredictBody | kOpenAi, FieldType::kBool, 0, 0, 0, false,
     "Answer as server-sent events, token by token.",
     [](P& p, const Value& v) { p.stream = v.as_bool(); }},
    {"prompt", kCompletionBody, FieldType::kPrompt, 0, kIdMax, kInputsMax, false,
     "Text, texts, token ids or lists of token ids. Left out: the model's begin token.", nullptr},
    {"messages", kChatBody, FieldType::kMessages, 0, 0, kMessagesMax, true,
     "The conversation so far.", nullptr},
    {"tools", kChatBody, FieldType::kArray, 0, 0, 256, false,
     "Handed to the chat template; calls in the answer are left as text.", nullptr},
    {"tool_choice", kChatBody, FieldType::kAny, 0, 0, 0, false,
     "\"auto\" or \"none\" (the template sees no tools).", nullptr},
    {"chat_template_kwargs", kChatBody, FieldType::kObject, 0, 0, 0, false,
     "More variables for the chat template.", nullptr},
    {"add_generation_prompt", kChatBody, FieldType::kBool, 0, 0, 0, false,
     "Whether the template opens the assistant's turn; true by default.", nullptr},
    {"response_format", kOpenAi, FieldType::kObject, 0, 0, 0, false,
     "Only {\"type\": \"text\"} for now.", nullptr},
    {"suffix", kCompletionBody, FieldType::kString, 0, kAnyBytes, 0, false,
     "Not supported unless empty.", nullptr},
    {"stream_options", kOpenAi, FieldType::kObject, 0, 0, 0, false, "What else a stream tells.",
     nullptr},
    {"include_usage", kStreamOptions, FieldType::kBool, 0, 0, 0, false,
     "One more chunk at the end, without choices, with the usage.",
     [](P& p, const Value& v) { p.include_usage = v.as_bool(); }},

    {"max_tokens", kPredictParameters | kChatBody, FieldType::kInteger, 1, kTokensMax, 0, false,
     "Tokens to generate at most. Default: what is left of the context.",
     [](P& p, const Value& v) { p.max_tokens = Int(v); }},
    {"max_tokens", kCompletionBody, FieldType::kInteger, 0, kTokensMax, 0, false,
     "Tokens to generate at most; 0 with echo scores the prompt alone. Default: 16.",
     [](P& p, const Value& v) { p.max_tokens = Int(v); }},
    {"max_completion_tokens", kChatBody, FieldType::kInteger, 1, kTokensMax, 0, false,
     "The newer name of max_tokens; wins over it.",
     [](P& p, const Value& v) { p.max_completion_tokens = Int(v); }},
    {"min_tokens", kGenerate, FieldType::kInteger, 0, kTokensMax, 0, false,
     "No end before that many tokens.", [](P& p, const Value& v) { p.min_tokens = Int(v); }},
    {"temperature", kGenerate, FieldType::kNumber, 0, 2, 0, false, "0 is greedy.",
     [](P& p, const Value& v) { p.temperature = v.as_double(); }},
    {"top_p", kGenerate, FieldType::kNumber, 0, 1, 0, false,
     "Keeps the most probable tokens that reach this sum.",
     [](P& p, const Value& v) { p.top_p = v.as_double(); }},
    {"top_k", kGenerate, FieldType::kInteger, -1, kIdMax, 0, false,
     "Keeps that many tokens; 0 or -1: all.",
     [](P& p, const Value& v) { p.top_k = Int(v) < 0 ? 0 : Int(v); }},
    {"min_p", kGenerate, FieldType::kNumber, 0, 1, 0, false,
     "Drops tokens less probable than this share of the best one's probability.",
     [](P& p, const Value& v) { p.min_p = v.as_double(); }},
    {"typical_p", kGenerate, FieldType::kNumber, 0, 1, 0, false, "Locally typical sampling.",
     [](P& p, const Value& v) { p.typical_p = v.as_double(); }},
    {"repetition_penalty", kGenerate, FieldType::kNumber, 0.01, 10, 0, false,
     "Divides (or multiplies) the logits of tokens seen in prompt or output.",
     [](P& p, const Value& v) { p.repetition_penalty = v.as_double(); }},
    {"frequency_penalty", kGenerate, FieldType::kNumber, -2, 2, 0, false,
     "Taken off a token's logit for each time it is in the output.",
     [](P& p, const Value& v) { p.frequency_penalty = v.as_double(); }},
    {"presence_penalty", kGenerate, FieldType::kNumber, -2, 2, 0, false,
     "Taken off a token's logit once it is in the output.",
     [](P& p, const Value& v) { p.presence_penalty = v.as_double(); }},
    {"logit_bias", kGenerate, FieldType::kBias, -100, 100, 1024, false,
     "Token id (as a string) to what is added to its logit.", StoreBias},
    {"seed", kGenerate, FieldType::kInteger, -kInt63, kInt63, 0, false,
     "The same request with the same seed gives the same text.",
     [](P& p, const Value& v) { p.seed = Int(v); }},
    {"stop", kGenerate, FieldType::kTextOrTexts, 1, 1024, 16, false,
     "Texts that end the output; not part of it.", StoreStop},
    {"stop_token_ids", kGenerate, FieldType::kIntegers, 0, kIdMax, 64, false,
     "Tokens that end the output.", StoreStopIds},
    {"include_stop_str_in_output", kGenerate, FieldType::kBool, 0, 0, 0, false,
     "Keeps the stop text in the output.",
     [](P& p, const Value& v) { p.include_stop = v.as_bool(); }},
    {"ignore_eos", kGenerate, FieldType::kBool, 0, 0, 0, false,
     "Goes on after the model's end token.",
     [](P& p, const Value& v) { p.ignore_eos = v.as_bool(); }},
    {"skip_special_tokens", kGenerate, FieldType::kBool, 0, 0, 0, false,
     "Whether special tokens give no text; true by default.",
     [](P& p, const Value& v) { p.skip_special = v.as_bool(); }},
    {"n", kGenerate, FieldType::kInteger, 1, 128, 0, false, "Answers to each prompt.",
     [](P& p, const Value& v) { p.n = Int(v); }},
    {"best_of", kCompletionBody, FieldType::kInteger, 1, 128, 0, false, "Has to equal n.",
     [](P& p, const Value& v) { p.best_of = Int(v); }},
    {"echo", kCompletionBody, FieldType::kBool, 0, 0, 0, false,
     "Puts the prompt, with its logprobs where asked for, before the answer.",
     [](P& p, const Value& v) { p.echo = v.as_bool(); }},
    {"logprobs", kPredictParameters | kCompletionBody, FieldType::kInteger, 0, 20, 0, false,
     "Log-probabilities of each token and of that many alternatives.",
     [](P& p, const Value& v) { p.logprobs = Int(v); }},
    {"logprobs", kChatBody, FieldType::kBool, 0, 0, 0, false, "Log-probabilities of each token.",
     [](P& p, const Value& v) { p.chat_logprobs = v.as_bool(); }},
    {"top_logprobs", kChatBody, FieldType::kInteger, 0, 20, 0, false,
     "Alternatives beside each token; needs logprobs.",
     [](P& p, const Value& v) { p.top_logprobs = Int(v); }},
    {"return_token_ids", kGenerate, FieldType::kBool, 0, 0, 0, false,
     "Adds token_ids to each answer.",
     [](P& p, const Value& v) { p.return_token_ids = v.as_bool(); }},
    {"timeout_ms", kGenerate, FieldType::kInteger, 1, kDayMs, 0, false,
     "Ends the request after that time: what is there by then comes with finish_reason deadline "
     "(length on OpenAI routes), nothing at all is a 504.",
     [](P& p, const Value& v) { p.timeout_ms = Int(v); }},

    {"text", kTokenizeBody, FieldType::kString, 0, kAnyBytes, 0, false, "The text to encode.",
     nullptr},
    {"messages", kTokenizeBody, FieldType::kMessages, 0, 0, kMessagesMax, false,
     "A conversation to render and encode, in place of text.", nullptr},
    {"add_special_tokens", kTokenizeBody, FieldType::kBool, 0, 0, 0, false,
     "Whether begin tokens and their like are added; the default is the tokenizer file's.",
     nullptr},
    {"parse_special", kTokenizeBody, FieldType::kBool, 0, 0, 0, false,
     "Whether special tokens written in the text count as such; true by default.", nullptr},
    {"ids", kDetokenizeBody, FieldType::kIntegers, 0, kIdMax, 0, true, "The tokens.", nullptr},
    {"skip_special_tokens", kDetokenizeBody, FieldType::kBool, 0, 0, 0, false,
     "Whether special tokens give no text; true by default.", nullptr},
});

const Field* FindField(std::string_view name, BodyKind body) {
  for (const Field& field : kFields) {
    if ((field.bodies & body) && field.name == name) return &field;
  }
  return nullptr;
}

Failure Wrong(const Field& field, std::string_view wanted, const Value& value) {
  std::string given(value.kind());
  if (value.is_number()) given = json::Dump(value);
  return BadField(field.name, StrCat("'", field.name, "' must be ", wanted, ", not ", given));
}

// Ranges in messages: whole numbers without an exponent.
std::string Number(double v) {
  if (v == std::floor(v) && std::abs(v) < kInt53) return StrCat(static_cast<int64_t>(v));
  return StrCat(v);
}

bool IsInteger(const Value& v) {
  if (v.is_int()) return true;
  return v.is_double() && std::abs(v.as_double()) < kInt53 &&
         v.as_double() == std::floor(v.as_double());
}

Refusal CheckNumber(const Field& field, const Value& value, bool integer) {
  bool right = integer ? IsInteger(value) : value.is_number();
  double v = right ? value.as_double() : 0;
  if (right && v >= field.min && v <= field.max) return {};
  std::string_view noun = integer ? "an integer" : "a number";
  if (field.max >= kInt53) return Wrong(field, noun, value);
  return Wrong(field, StrCat(noun, " from ", Number(field.min), " to ", Number(field.max)), value);
}

Refusal CheckText(const Field& field, const Value& value) {
  if (!value.is_string()) return Wrong(field, "a string", value);
  auto bytes = static_cast<double>(value.as_string().size());
  if (bytes >= field.min && bytes <= field.max) return {};
  return BadField(field.name, StrCat("'", field.name, "' must be a string of ", Number(field.min),
                                     " to ", Number(field.max), " bytes, not ", Number(bytes)));
}

Refusal CheckSize(const Field& field, size_t size) {
  if (field.size_max == 0 || size <= static_cast<size_t>(field.size_max)) return {};
  return BadField(field.name, StrCat("'", field.name, "' has ", size, " items, at most ",
                                     field.size_max, " are allowed"));
}

Refusal CheckIntegers(const Field& field, const Value& value) {
  for (const Value& item : value.as_array()) {
    if (auto refusal = CheckNumber(field, item, /*integer=*/true)) return refusal;
  }
  return {};
}

Refusal CheckTextOrTexts(const Field& field, const Value& value) {
  if (value.is_string()) return CheckText(field, value);
  if (!value.is_array()) return Wrong(field, "a string or a list of strings", value);
  if (auto refusal = CheckSize(field, value.as_array().size())) return refusal;
  for (const Value& item : value.as_array()) {
    if (auto refusal = CheckText(field, item)) return refusal;
  }
  return {};
}

Refusal CheckPrompt(const Field& field, const Value& value) {
  constexpr std::string_view kWanted =
      "a string, a list of strings, token ids or lists of token ids";
  if (value.is_string()) return {};
  if (!value.is_array()) return Wrong(field, kWanted, value);
  const json::Array& items = value.as_array();
  if (!items.empty() && items[0].is_number()) return CheckIntegers(field, value);
  if (auto refusal = CheckSize(field, items.size())) return refusal;
  for (const Value& item : items) {
    if (item.kind() != items[0].kind() || !(item.is_string() || item.is_array())) {
      return Wrong(field, kWanted, item);
    }
    if (!item.is_array()) continue;
    if (auto refusal = CheckIntegers(field, item)) return refusal;
  }
  return {};
}

Refusal CheckBias(const Field& field, const Value& value) {
  if (!value.is_object()) return Wrong(field, "an object of token id to number", value);
  if (auto refusal = CheckSize(field, value.as_object().size())) return refusal;
  for (const auto& [id, bias] : value.as_object()) {
    std::optional<int64_t> number = ParseInt(id);
    if (!number || *number < 0 || static_cast<double>(*number) > kIdMax) {
      return BadField(field.name,
                      StrCat("'", field.name, "': '", Printable(id), "' is no token id"));
    }
    if (auto refusal = CheckNumber(field, bias, /*integer=*/false)) return refusal;
  }
  return {};
}

Refusal CheckValue(const Field& field, const Value& value) {
  switch (field.type) {
    case FieldType::kBool:
      return value.is_bool() ? Refusal() : Wrong(field, "true or false", value);
    case FieldType::kInteger:
      return CheckNumber(field, value, /*integer=*/true);
    case FieldType::kNumber:
      return CheckNumber(field, value, /*integer=*/false);
    case FieldType::kString:
      return CheckText(field, value);
    case FieldType::kTextOrTexts:
      return CheckTextOrTexts(field, value);
    case FieldType::kIntegers:
      if (!value.is_array()) return Wrong(field, "a list of integers", value);
      if (auto refusal = CheckSize(field, value.as_array().size())) return refusal;
      return CheckIntegers(field, value);
    case FieldType::kPrompt:
      return CheckPrompt(field, value);
    case FieldType::kBias:
      return CheckBias(field, value);
    case FieldType::kObject:
      return value.is_object() ? Refusal() : Wrong(field, "an object", value);
    case FieldType::kMessages:
    case FieldType::kArray:
      if (!value.is_array()) return Wrong(field, "a list", value);
      return CheckSize(field, value.as_array().size());
    case FieldType::kAny:
      return {};
  }
  return {};
}

}  // namespace

std::span<const Field> Fields() { return kFields; }

Refusal ReadFields(const json::Value& object, BodyKind body, Unknown unknown,
                   Parameters& parameters) {
  if (!object.is_object()) {
    Failure failure = BadField("", StrCat("a JSON object is needed, not ", object.kind()));
    return failure;
  }
  for (const auto& [name, value] : object.as_object()) {
    const Field* field = FindField(name, body);
    if (!field) {
      if (unknown == Unknown::kIgnore) continue;
      return BadField(Printable(name), StrCat("unknown field '", Printable(name), "'"));
    }
    if (value.is_null()) continue;
    if (auto refusal = CheckValue(*field, value)) return refusal;
    if (field->store) field->store(parameters, value);
  }
  for (const Field& field : kFields) {
    if (!field.required || !(field.bodies & body)) continue;
    const Value* value = object.Find(field.name);
    if (!value || value->is_null()) {
      return BadField(field.name, StrCat("'", field.name, "' is missing"));
    }
  }
  return {};
}

}  // namespace pano::api
