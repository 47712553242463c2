#include "app/api/openai/undone_fields.h"

#include <algorithm>
#include <array>

#include "app/api/failure.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using json::Value;

constexpr auto kRefused = UndoneField::Fate::kRefused;
constexpr auto kPassedOver = UndoneField::Fate::kPassedOver;

constexpr auto kGeneration = std::to_array<UndoneField>({
    // OpenAI.
    {"functions", kRefused, "use 'tools'"},
    {"function_call", kRefused, "use 'tool_choice'", "\"none\" \"auto\""},
    {"audio", kRefused, "answers are text"},
    {"modalities", kRefused, "answers are text", "[\"text\"]"},
    {"web_search_options", kRefused, "nothing is searched here"},
    {"verbosity", kRefused, "say it in a message", "\"medium\""},
    {"store", kRefused, "chat completions are not kept; /v1/responses keeps responses"},
    // Of another of these routes.
    {"messages", kRefused, "/v1/chat/completions has it"},
    {"tools", kRefused, "/v1/chat/completions has it"},
    {"tool_choice", kRefused, "/v1/chat/completions has it", "\"none\" \"auto\""},
    {"prompt", kRefused, "use 'messages'"},
    {"input", kRefused, "/v1/responses has it"},
    {"best_of", kRefused, "answers are not ranked here", "1"},
    {"max_completion_tokens", kRefused, "use 'max_tokens'"},
    {"prediction", kPassedOver},  // what the answer may look like: a hint for speed alone
    {"metadata", kPassedOver},
    {"user", kPassedOver},
    {"safety_identifier", kPassedOver},
    {"prompt_cache_key", kPassedOver},
    {"prompt_cache_retention", kPassedOver},
    {"service_tier", kPassedOver},
    // vLLM.
    {"structural_tag", kRefused, ""},
    {"bad_words", kRefused, "bias their tokens by 'logit_bias'"},
    {"allowed_token_ids", kRefused, "bias tokens by 'logit_bias'"},
    {"use_beam_search", kRefused, "answers are sampled"},
    {"length_penalty", kRefused, "it is for beam search", "1"},
    {"logits_processors", kRefused, ""},
    {"prompt_logprobs", kRefused, "/v1/completions has 'echo' with 'logprobs'", "", /*zero_asks=*/true},
    {"prompt_embeds", kRefused, "prompts are texts or token ids"},
    {"mm_processor_kwargs", kRefused, "prompts are texts or token ids"},
    {"continue_final_message", kRefused, "/v1/chat/completions has it"},
    {"documents", kRefused, "put them into a message"},
    {"echo", kRefused, "/v1/completions has it"},
    {"add_special_tokens", kRefused, "a chat's template writes its own"},
    {"chat_template", kRefused, "the template is the model's"},
    {"return_tokens_as_token_ids", kRefused, "use 'return_token_ids'"},
    {"kv_transfer_params", kRefused, ""},
    {"vllm_xargs", kRefused, ""},
    {"cache_salt", kPassedOver},  // tenants share no prefixes anyway
    {"request_id", kPassedOver},  // X-Request-Id
    {"guided_decoding_backend", kPassedOver},
    {"include_reasoning", kRefused, "reasoning stands apart, in 'reasoning_content'", "true", /*zero_asks=*/true},
    {"spaces_between_special_tokens", kPassedOver},  // tokenizers that have a tokenizer.json join by nothing
    // SGLang.
    {"regex", kRefused, ""},
    {"ebnf", kRefused, ""},
    {"lora_path", kRefused, ""},
    {"session_params", kRefused, ""},
    {"custom_logit_processor", kRefused, ""},
    {"return_hidden_states", kRefused, ""},
    {"no_stop_trim", kRefused, "use 'include_stop_str_in_output'"},
    {"stop_regex", kRefused, "use 'stop'"},
    {"separate_reasoning", kRefused, "reasoning stands apart, in 'reasoning_content'", "true", /*zero_asks=*/true},
    {"stream_reasoning", kRefused, "reasoning is streamed as it comes", "true", /*zero_asks=*/true},
    // Hugging Face's generate and its servers.
    {"max_new_tokens", kRefused, "use 'max_tokens'"},
    {"min_new_tokens", kRefused, "use 'min_tokens'"},
    {"do_sample", kRefused, "\"temperature\": 0 takes the likeliest token", "true", /*zero_asks=*/true},
    {"num_beams", kRefused, "answers are sampled", "1"},
    {"no_repeat_ngram_size", kRefused, ""},
    {"penalty_alpha", kRefused, ""},
    {"watermark", kRefused, ""},
    // What other services call turning off to think, or plugging something in.
    {"enable_thinking", kRefused, "use 'reasoning_effort', or put it into 'chat_template_kwargs'", "",
     /*zero_asks=*/true},
    {"thinking", kRefused, "use 'reasoning_effort' or 'thinking_budget'"},
    {"plugins", kRefused, ""},
    {"transforms", kRefused, "use 'truncate_prompt_tokens'"},
    {"top_a", kRefused, ""},
    // llama.cpp.
    {"lora", kRefused, ""},
    {"n_predict", kRefused, "use 'max_tokens'", "-1"},
    {"n_probs", kRefused, "use 'logprobs'"},
    {"repeat_penalty", kRefused, "use 'repetition_penalty'", "1"},
    {"dry_multiplier", kRefused, ""},
    {"xtc_probability", kRefused, ""},
    {"top_n_sigma", kRefused, "", "-1"},
    {"tfs_z", kRefused, "", "1"},
    {"dynatemp_range", kRefused, ""},
    {"mirostat", kRefused, ""},
    {"min_keep", kRefused, ""},
    {"samplers", kRefused, "their order is fixed"},
    {"t_max_predict_ms", kRefused, "use 'timeout_ms'"},
    {"response_fields", kRefused, ""},
    {"post_sampling_probs", kRefused, "'logprobs' are those before sampling"},
    {"cache_prompt", kPassedOver},
    {"id_slot", kPassedOver},
});

constexpr auto kEmbeddings = std::to_array<UndoneField>({
    {"input_type", kRefused, "put the model's own prompt before the text"},
    {"task", kRefused, "put the model's own prompt before the text"},
    {"prompt_name", kRefused, "put the model's own prompt before the text"},
    {"instruction", kRefused, "put the model's own prompt before the text"},
    {"messages", kRefused, "use 'input'"},
    {"late_chunking", kRefused, "each text is looked at alone"},
    {"embedding_type", kRefused, "use 'encoding_format'", "\"float\""},
    {"embedding_types", kRefused, "use 'encoding_format'", "[\"float\"]"},
    {"output_dtype", kRefused, "numbers are float32", "\"float\""},
    {"normalize", kRefused, "the model's files say whether vectors are normalised"},
    {"normalized", kRefused, "the model's files say whether vectors are normalised"},
    {"add_special_tokens", kRefused, "send token ids to leave them out", "true"},
    {"truncate_prompt_tokens", kRefused, "\"truncate\": true cuts what is too long"},
    {"user", kPassedOver},
});

constexpr auto kRanking = std::to_array<UndoneField>({
    {"rank_fields", kRefused, "a document is a text, or an object with a 'text'"},
    {"max_chunks_per_doc", kRefused, "documents are not cut into chunks"},
    {"max_tokens_per_doc", kRefused, "\"truncate\": true cuts what is too long"},
    {"truncate_prompt_tokens", kRefused, "\"truncate\": true cuts what is too long"},
    {"instruction", kRefused, "put it into the query"},
    {"chat_template_kwargs", kRefused, ""},
    {"user", kPassedOver},
});

constexpr auto kResponses = std::to_array<UndoneField>({
    {"background", kRefused, "answers are given while the client waits"},
    {"conversation", kRefused, "use 'previous_response_id'"},
    {"prompt", kRefused, "send 'instructions' and 'input'"},
    {"context_management", kRefused, "send what is to be kept"},
    {"max_tokens", kRefused, "use 'max_output_tokens'"},
    {"max_completion_tokens", kRefused, "use 'max_output_tokens'"},
    {"messages", kRefused, "use 'input'"},
    {"response_format", kRefused, "use 'text.format'"},
    {"structured_outputs", kRefused, "use 'text.format'"},
    {"guided_json", kRefused, "use 'text.format'"},
    {"guided_regex", kRefused, ""},
    {"guided_choice", kRefused, ""},
    {"guided_grammar", kRefused, ""},
    {"grammar", kRefused, ""},
    {"json_schema", kRefused, "use 'text.format'"},
    {"modalities", kRefused, "answers are text", "[\"text\"]"},
    {"max_tool_calls", kPassedOver},  // of built-in tools, of which there are none
});

// null, false, 0, "", [] and {} ask for nothing.
bool AsksForNothing(const Value& value, bool zero_asks) {
  if (value.is_bool()) return !zero_asks && !value.as_bool();
  if (value.is_number()) return !zero_asks && value.as_double() == 0;
  if (value.is_string()) return value.as_string().empty();
  if (value.is_array()) return value.as_array().empty();
  return value.is_null() || value.as_object().empty();
}

bool IsNeutral(const Value& value, const UndoneField& field) {
  if (AsksForNothing(value, field.zero_asks)) return true;
  for (std::string_view text : Split(field.neutral, ' ')) {
    if (text.empty()) continue;
    const Value neutral = json::Parse(text).value_or(Value());
    const bool numbers = value.is_number() && neutral.is_number();
    if (numbers ? value.as_double() == neutral.as_double() : value == neutral) return true;
  }
  return false;
}

bool IsDone(std::string_view name, const BodySchema& done) {
  return std::any_of(done.fields.begin(), done.fields.end(), [&](const Field& field) { return field.name == name; });
}

}  // namespace

std::span<const UndoneField> UndoneFields(FieldSet set) {
  switch (set) {
    case FieldSet::kGeneration:
      return kGeneration;
    case FieldSet::kEmbeddings:
      return kEmbeddings;
    case FieldSet::kRanking:
      return kRanking;
    case FieldSet::kResponses:
      return kResponses;
  }
  return {};
}

Status RefuseUndone(const json::Value& body, FieldSet set, const BodySchema& done) {
  for (const UndoneField& field : UndoneFields(set)) {
    if (field.fate == kPassedOver || IsDone(field.name, done)) continue;
    const Value* value = body.Find(field.name);
    if (!value || IsNeutral(*value, field)) continue;
    return BadField(field.name, StrCat("'", field.name, "' is not supported here",
                                       field.why.empty() ? ", and without it the answer would be another" : ": ",
                                       field.why));
  }
  return {};
}

}  // namespace pano::api::openai
