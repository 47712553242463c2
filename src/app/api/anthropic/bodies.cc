#include "app/api/anthropic/bodies.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/api/document/component_schemas.h"
#include "app/api/fields.h"

namespace pano::api::anthropic {
namespace {

using json::Value;
using P = Parameters;

constexpr auto kSaid = std::to_array<Field>({
    {"messages", FieldType::kArray, 0, 0, kMessagesMax, true,
     "The conversation so far: user and assistant, each a text or a list of blocks (text, tool_use, "
     "tool_result, thinking). A last message of the assistant's is what the answer begins with.",
     nullptr},
    {"system", FieldType::kAny, 0, 0, 0, false, "What goes before it: a text or text blocks.", nullptr},
    {"tools", FieldType::kArray, 0, 0, 256, false,
     "Tools of the caller's: name, description, input_schema.", nullptr},
    {"tool_choice", FieldType::kObject, 0, 0, 0, false,
     "{\"type\": \"auto\" | \"any\" | \"tool\" | \"none\"}, of \"tool\" with its name.", nullptr},
    {"thinking", FieldType::kObject, 0, 0, 0, false,
     "{\"type\": \"enabled\", \"budget_tokens\"} or {\"type\": \"disabled\"}.", nullptr},
    {"output_config", FieldType::kObject, 0, 0, 0, false,
     "{\"format\": {\"type\": \"json_schema\", \"schema\"}, \"effort\"}: what the answer must be, and how much is thought.", nullptr},
    {"output_format", FieldType::kObject, 0, 0, 0, false, "The older name of output_config.format.", nullptr},
    {"cache_control", FieldType::kObject, 0, 0, 0, false,
     "Taken and not needed: prefixes are cached without it.", nullptr},
});

constexpr auto kHow = std::to_array<Field>({
    {"max_tokens", FieldType::kInteger, 1, kTokensMax, 0, true, "Tokens to generate at most.",
     [](P& p, const Value& v) { p.max_tokens = IntOf(v); }},
    {"stop_sequences", FieldType::kTextOrTexts, 1, 1024, 16, false,
     "Texts that end the answer; not part of it.",
     [](P& p, const Value& v) {
       if (v.is_string()) p.stop = {v.as_string()};
       if (!v.is_array()) return;
       for (const Value& text : v.as_array()) p.stop.push_back(text.as_string());
     }},
    {"temperature", FieldType::kNumber, 0, 2, 0, false, "0 is greedy.",
     [](P& p, const Value& v) { p.temperature = v.as_double(); }},
    {"top_p", FieldType::kNumber, 0, 1, 0, false, "Keeps the most probable tokens that reach this sum.",
     [](P& p, const Value& v) { p.top_p = v.as_double(); }},
    {"top_k", FieldType::kInteger, -1, kTokenIdMax, 0, false, "Keeps that many tokens; 0 or -1: all.",
     [](P& p, const Value& v) { p.top_k = std::max<int64_t>(IntOf(v), 0); }},
    {"metadata", FieldType::kObject, 0, 0, 0, false, "Not looked at.", nullptr},
    {"service_tier", FieldType::kString, 0, 64, 0, false, "Not looked at: there is one.", nullptr},
});

// Fields of ours that Anthropic's API does not have.
std::vector<Field> OwnFields() {
  std::vector<Field> own;
  for (const Field& field : AnswerFields()) {
    if (field.name != "return_token_ids") own.push_back(field);
  }
  return own;
}

}  // namespace

const BodySchema& MessagesBody() {
  static const BodySchema body{
      JoinFields({std::span(&kModelField, 1), std::span(&kStreamField, 1), kSaid, kHow, OwnFields()}),
      /*closed=*/true};
  return body;
}

const BodySchema& CountTokensBody() {
  static const BodySchema body{JoinFields({std::span(&kModelField, 1), kSaid}), /*closed=*/true};
  return body;
}

std::vector<NamedSchema> Schemas() {
  return {
      {"MessagesRequest", SchemaOf(MessagesBody())},
      {"MessagesCountRequest", SchemaOf(CountTokensBody())},
      {"MessagesBlock", ObjectSchema({{"type", "s"},
                                      {"text?", "s"},
                                      {"thinking?", "s"},
                                      {"signature?", "s"},
                                      {"id?", "s"},
                                      {"name?", "s"},
                                      {"input?", "o"}})},
      {"MessagesUsage", ObjectSchema({{"input_tokens", "i"}, {"output_tokens", "i"}})},
      {"MessagesAnswer", ObjectSchema({{"id", "s"},
                                       {"type", "s"},
                                       {"role", "s"},
                                       {"model", "s"},
                                       {"content", "[#MessagesBlock"},
                                       {"stop_reason", "?s"},
                                       {"stop_sequence", "?s"},
                                       {"usage", "#MessagesUsage"}})},
      {"MessagesEvent", ObjectSchema({{"type", "s"},
                                      {"index?", "i"},
                                      {"message?", "#MessagesAnswer"},
                                      {"content_block?", "#MessagesBlock"},
                                      {"delta?", "o"},
                                      {"usage?", "#MessagesUsage"},
                                      {"error?", "o"}})},
      {"MessagesStream", EventSchema("MessagesEvent", "Server-sent events, named as their type.")},
      {"MessagesCount", ObjectSchema({{"input_tokens", "i"}})},
  };
}

}  // namespace pano::api::anthropic
