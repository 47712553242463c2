#include "app/api/openai/completions.h"

#include <utility>

#include "app/api/openai/bodies.h"
#include "app/api/openai/completion_logprobs.h"
#include "app/api/openai/openai_call.h"
#include "app/api/prompt_text.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using json::Value;

Prompt IdsPrompt(const Value& ids) {
  Prompt prompt;
  prompt.ids.reserve(ids.as_array().size());
  for (const Value& id : ids.as_array()) {
    prompt.ids.push_back(static_cast<engine::TokenId>(id.as_double()));
  }
  return prompt;
}

// The four shapes of `prompt`; the table has checked their types.
Status ReadPrompts(const Value& body, const models::ModelVersion& version, bool add_special_tokens,
                   std::vector<Prompt>& prompts) {
  auto encode = [&](const Value& text) {
    return EncodeText(version, text.as_string(), "prompt", prompts.emplace_back(),
                      add_special_tokens);
  };
  const Value* prompt = body.Find("prompt");
  if (!prompt || prompt->is_null()) {
    prompts.emplace_back();  // the model's begin token
    return {};
  }
  if (prompt->is_string()) {
    return encode(*prompt);
  }
  const json::Array& items = prompt->as_array();
  if (items.empty() || items[0].is_number()) {
    prompts.push_back(IdsPrompt(*prompt));
    return {};
  }
  for (const Value& item : items) {
    if (item.is_array()) {
      prompts.push_back(IdsPrompt(item));
    } else {
      PANO_RETURN_IF_ERROR(encode(item));
    }
  }
  return {};
}

Status ReadCompletions(Context& context, Call& call, OpenAiCall& completion) {
  PANO_RETURN_IF_ERROR(ReadOpenAiFields(context, call, CompletionBody(), completion));
  const Value* suffix = call.body.Find("suffix");
  if (suffix && suffix->is_string() && !suffix->as_string().empty()) {
    return BadField("suffix", "'suffix' is not supported");
  }
  completion.logprobs = static_cast<int32_t>(completion.parameters.logprobs.value_or(-1));
  completion.prompt_logprobs = completion.parameters.echo ? completion.logprobs : -1;
  completion.default_max_tokens = 16;  // as OpenAI has it
  completion.id = StrCat("cmpl-", RandomHex(12));
  return ReadPrompts(call.body, *completion.version, completion.parameters.add_special_tokens,
                     completion.prompts);
}

Value ChoiceJson(int64_t index, std::string text, Value logprobs, Value finish_reason) {
  Value choice;
  choice.Set("index", index);
  choice.Set("text", std::move(text));
  choice.Set("logprobs", std::move(logprobs));
  choice.Set("finish_reason", std::move(finish_reason));
  return choice;
}

Value OutputChoice(const OpenAiCall& completion, const Answer& answer, size_t i) {
  const Output& output = answer.outputs[i];
  size_t input = i / static_cast<size_t>(answer.choices);
  const Parameters& parameters = completion.parameters;
  std::string text;
  if (parameters.echo) {
    text = EchoText(*completion.version, completion.prompts[input], parameters.skip_special);
  }
  CompletionLogprobs logprobs(*completion.version);
  if (parameters.echo) logprobs.AddPrompt(answer.prompts[input], parameters.skip_special);
  int64_t offset = CharacterCount(text);
  Value ids{json::Array()};
  for (const Output::Token& token : output.tokens) {
    ids.Append(token.id);
    if (completion.logprobs < 0) continue;
    logprobs.Add(token.id, token.logprob, token.top, offset);
    offset += CharacterCount(token.text);
  }
  text += output.text;
  Value choice = ChoiceJson(static_cast<int64_t>(i), std::move(text),
                            completion.logprobs >= 0 ? std::move(logprobs).ToJson() : Value(),
                            OpenAiFinishReason(completion, output.reason));
  if (parameters.return_token_ids) choice.Set("token_ids", std::move(ids));
  return choice;
}

Value CompletionJson(const OpenAiCall& completion, const Answer& answer) {
  Value choices{json::Array()};
  for (size_t i = 0; i < answer.outputs.size(); ++i) {
    choices.Append(OutputChoice(completion, answer, i));
  }
  Value body = completion.Envelope("text_completion");
  body.Set("choices", std::move(choices));
  body.Set("usage", UsageJson(answer.TotalUsage()));
  return body;
}

class CompletionStream final : public OpenAiStream {
 public:
  CompletionStream(CallPtr call, OpenAiCall completion, std::chrono::milliseconds keep_alive)
      : OpenAiStream(std::move(call), std::move(completion), keep_alive),
        prompt_tokens_(openai().prompts.size()),
        offsets_(openai().prompts.size() * static_cast<size_t>(openai().n()), -1) {}

 private:
  std::string_view object() const override { return "text_completion"; }

  void OnPrompt(size_t input, std::vector<engine::Event::PromptToken> tokens) override {
    prompt_tokens_[input] = std::move(tokens);
  }

  void OnToken(int64_t index, engine::Event event) override {
    int64_t& offset = Begin(index);
    bool wants_ids = openai().parameters.return_token_ids;
    if (event.text.empty() && openai().logprobs < 0 && !wants_ids) return;
    Value logprobs;
    if (openai().logprobs >= 0) {
      CompletionLogprobs block(version());
      block.Add(event.token_id, event.logprob, event.top, offset);
      logprobs = std::move(block).ToJson();
    }
    offset += CharacterCount(event.text);
    Value choice = ChoiceJson(index, std::move(event.text), std::move(logprobs), Value());
    if (wants_ids) choice.Set("token_ids", Value(json::Array{Value(event.token_id)}));
    SendChoice(std::move(choice));
  }

  void OnFinish(int64_t index, engine::Event event) override {
    Begin(index);
    SendChoice(ChoiceJson(index, std::move(event.text), Value(), OpenAiFinishReason(openai(), event.reason)));
  }

  // Sends a choice's echo before anything else of it; gives its place in the text.
  int64_t& Begin(int64_t index) {
    int64_t& offset = offsets_[static_cast<size_t>(index)];
    if (offset >= 0) return offset;
    offset = 0;
    const Parameters& parameters = openai().parameters;
    if (!parameters.echo) return offset;
    auto input = static_cast<size_t>(index / openai().n());
    std::string text = EchoText(version(), openai().prompts[input], parameters.skip_special);
    offset = CharacterCount(text);
    Value logprobs;
    if (openai().logprobs >= 0) {
      CompletionLogprobs block(version());
      block.AddPrompt(prompt_tokens_[input], parameters.skip_special);
      logprobs = std::move(block).ToJson();
    }
    SendChoice(ChoiceJson(index, std::move(text), std::move(logprobs), Value()));
    return offset;
  }

  std::vector<std::vector<engine::Event::PromptToken>> prompt_tokens_;
  std::vector<int64_t> offsets_;  // characters sent of each choice; -1: nothing yet
};

}  // namespace

void Completions(Context& context, CallPtr call) {
  OpenAiCall completion;
  if (Status status = ReadCompletions(context, *call, completion); !status.ok()) {
    return call->Fail(status);
  }
  auto make_stream = [call, keep_alive = context.options.keep_alive](OpenAiCall openai) {
    return std::make_unique<CompletionStream>(call, std::move(openai), keep_alive);
  };
  StartOpenAi(context, call, std::move(completion), std::move(make_stream), CompletionJson);
}

}  // namespace pano::api::openai
