#include "app/api/fields.h"

#include <array>

#include "base/strings.h"

namespace pano::api {
namespace {

using json::Value;
using P = Parameters;

constexpr double kInt63 = 9223372036854775807.0;

engine::TokenId IdOf(const Value& v) { return static_cast<engine::TokenId>(IntOf(v)); }

void StoreStop(P& p, const Value& v) {
  p.stop.clear();
  if (v.is_string()) p.stop.push_back(v.as_string());
  if (v.is_array()) {
    for (const Value& text : v.as_array()) p.stop.push_back(text.as_string());
  }
}

void StoreStopIds(P& p, const Value& v) {
  p.stop_token_ids.clear();
  for (const Value& id : v.as_array()) p.stop_token_ids.push_back(IdOf(id));
}

void StoreBias(P& p, const Value& v) {
  p.logit_bias.clear();
  for (const auto& [id, bias] : v.as_object()) {
    p.logit_bias[static_cast<engine::TokenId>(*ParseInt(id))] =
        static_cast<float>(bias.as_double());
  }
}

constexpr auto kSampling = std::to_array<Field>({
    {"min_tokens", FieldType::kInteger, 0, kTokensMax, 0, false, "No end before that many tokens.",
     [](P& p, const Value& v) { p.min_tokens = IntOf(v); }},
    {"temperature", FieldType::kNumber, 0, 2, 0, false, "0 is greedy.",
     [](P& p, const Value& v) { p.temperature = v.as_double(); }},
    {"top_p", FieldType::kNumber, 0, 1, 0, false,
     "Keeps the most probable tokens that reach this sum.",
     [](P& p, const Value& v) { p.top_p = v.as_double(); }},
    {"top_k", FieldType::kInteger, -1, kTokenIdMax, 0, false,
     "Keeps that many tokens; 0 or -1: all.",
     [](P& p, const Value& v) { p.top_k = IntOf(v) < 0 ? 0 : IntOf(v); }},
    {"min_p", FieldType::kNumber, 0, 1, 0, false,
     "Drops tokens less probable than this share of the best one's probability.",
     [](P& p, const Value& v) { p.min_p = v.as_double(); }},
    {"typical_p", FieldType::kNumber, 0, 1, 0, false, "Locally typical sampling.",
     [](P& p, const Value& v) { p.typical_p = v.as_double(); }},
    {"repetition_penalty", FieldType::kNumber, 0.01, 10, 0, false,
     "Divides (or multiplies) the logits of tokens seen in prompt or output.",
     [](P& p, const Value& v) { p.repetition_penalty = v.as_double(); }},
    {"frequency_penalty", FieldType::kNumber, -2, 2, 0, false,
     "Taken off a token's logit for each time it is in the output.",
     [](P& p, const Value& v) { p.frequency_penalty = v.as_double(); }},
    {"presence_penalty", FieldType::kNumber, -2, 2, 0, false,
     "Taken off a token's logit once it is in the output.",
     [](P& p, const Value& v) { p.presence_penalty = v.as_double(); }},
    {"logit_bias", FieldType::kBias, -100, 100, 1024, false,
     "Token id (as a string) to what is added to its logit.", StoreBias},
    {"seed", FieldType::kInteger, -kInt63, kInt63, 0, false,
     "The same request with the same seed gives the same text.",
     [](P& p, const Value& v) { p.seed = IntOf(v); }},
    {"stop", FieldType::kTextOrTexts, 1, 1024, 16, false,
     "Texts that end the output; not part of it.", StoreStop},
    {"stop_token_ids", FieldType::kIntegers, 0, kTokenIdMax, 64, false,
     "Tokens that end the output.", StoreStopIds},
    {"include_stop_str_in_output", FieldType::kBool, 0, 0, 0, false,
     "Keeps the stop text in the output.",
     [](P& p, const Value& v) { p.include_stop = v.as_bool(); }},
    {"ignore_eos", FieldType::kBool, 0, 0, 0, false, "Goes on after the model's end token.",
     [](P& p, const Value& v) { p.ignore_eos = v.as_bool(); }},
    {"skip_special_tokens", FieldType::kBool, 0, 0, 0, false,
     "Whether special tokens give no text; true by default.",
     [](P& p, const Value& v) { p.skip_special = v.as_bool(); }},
    {"n", FieldType::kInteger, 1, 128, 0, false, "Answers to each prompt.",
     [](P& p, const Value& v) { p.n = IntOf(v); }},
});

constexpr auto kAnswer = std::to_array<Field>({
    {"return_token_ids", FieldType::kBool, 0, 0, 0, false, "Adds token_ids to each answer.",
     [](P& p, const Value& v) { p.return_token_ids = v.as_bool(); }},
    {"timeout_ms", FieldType::kInteger, 1, kTimeoutMsMax, 0, false,
     "Ends the request after that time: what is there by then comes with finish_reason deadline "
     "(length on OpenAI routes), nothing at all is a 504.",
     [](P& p, const Value& v) { p.timeout_ms = IntOf(v); }},
    {"deadline_ms", FieldType::kInteger, 1, kTimeoutMsMax, 0, false,
     "The request has to be answered within that time, end to end, queueing included: refused at once "
     "(504) when that cannot be done, ended with finish_reason deadline when it is missed.",
     nullptr},
    {"priority", FieldType::kInteger, -10, 10, 0, false,
     "A smaller one is served earlier, a step being worth a second of waiting: -10 to 10 among the requests of the "
     "same tenant, 0 by default.",
     [](P& p, const Value& v) { p.priority = IntOf(v); }},
});

constexpr auto kRows = std::to_array<Field>({
    {"truncate", FieldType::kBool, 0, 0, 0, false,
     "Cuts texts that are too long; else they are refused.", nullptr},
    {"timeout_ms", FieldType::kInteger, 1, kTimeoutMsMax, 0, false,
     "A request that takes longer is a 504.",
     [](P& p, const Value& v) { p.timeout_ms = IntOf(v); }},
    {"deadline_ms", FieldType::kInteger, 1, kTimeoutMsMax, 0, false,
     "The same; refused at once when it cannot be met.", nullptr},
    {"priority", FieldType::kInteger, 0, 64, 0, false,
     "A smaller one is served earlier, a step being worth a second of waiting: 1 to the priority_levels of the "
     "model's model.yaml, 0 for its default level.",
     [](P& p, const Value& v) { p.priority = IntOf(v); }},
    {"queue_timeout_ms", FieldType::kInteger, 1, kTimeoutMsMax, 0, false,
     "A request that waits longer for its batch is a 429, where model.yaml lets requests say so.",
     [](P& p, const Value& v) { p.queue_timeout_ms = IntOf(v); }},
});

}  // namespace

int64_t IntOf(const json::Value& value) {
  return value.is_int() ? value.as_int() : static_cast<int64_t>(value.as_double());
}

constinit const Field kModelField = {
    "model",
    FieldType::kString,
    1,
    256,
    0,
    false,
    "Which model answers: an id, id@version or an alias. May be left out where one model is served.",
    nullptr};

constinit const Field kStreamField = {"stream",
                            FieldType::kBool,
                            0,
                            0,
                            0,
                            false,
                            "Answer as server-sent events, token by token.",
                            [](P& p, const Value& v) { p.stream = v.as_bool(); }};

constinit const Field kResumableField = {
    "resumable",
    FieldType::kBool,
    0,
    0,
    0,
    false,
    "Keeps the stream when its connection is lost: GET /v1/streams/{X-Request-Id} reads on after "
    "Last-Event-ID. Every event then has an id.",
    [](P& p, const Value& v) { p.resumable = v.as_bool(); }};

constinit const Field kMaxTokensField = {"max_tokens",
                               FieldType::kInteger,
                               1,
                               kTokensMax,
                               0,
                               false,
                               "Tokens to generate at most. Default: what is left of the context.",
                               [](P& p, const Value& v) { p.max_tokens = IntOf(v); }};

constinit const Field kLogprobsField = {"logprobs",
                              FieldType::kInteger,
                              0,
                              20,
                              0,
                              false,
                              "Log-probabilities of each token and of that many alternatives.",
                              [](P& p, const Value& v) { p.logprobs = IntOf(v); }};

std::span<const Field> SamplingFields() { return kSampling; }
std::span<const Field> AnswerFields() { return kAnswer; }
std::span<const Field> RowFields() { return kRows; }

}  // namespace pano::api
