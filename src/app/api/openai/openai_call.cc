#include "app/api/openai/openai_call.h"

#include <utility>

#include "app/api/fields.h"
#include "app/api/openai/bodies.h"
#include "app/api/openai/undone_fields.h"
#include "base/strings.h"

namespace pano::api::openai {

using json::Value;

json::Value OpenAiCall::Envelope(std::string_view object) const {
  Value body;
  body.Set("id", id);
  body.Set("object", object);
  body.Set("created", created);
  body.Set("model", version->id);
  return body;
}

Status ReadOpenAiFields(Context& context, Call& call, const BodySchema& body, OpenAiCall& openai) {
  PANO_RETURN_IF_ERROR(ReadFields(call.body, body, openai.parameters));
  PANO_RETURN_IF_ERROR(RefuseUndone(call.body, FieldSet::kGeneration, body));
  const Value* options = call.body.Find("stream_options");
  if (options && !options->is_null()) {
    PANO_RETURN_IF_ERROR(ReadFields(*options, StreamOptions(), openai.parameters));
    const Value* continuous = options->Find("continuous_usage_stats");
    openai.continuous_usage = continuous && continuous->is_bool() && continuous->as_bool();
  }
  PANO_ASSIGN_OR_RETURN(openai.constraint, ReadConstraint(call.body));
  if (const Value* keep = call.body.Find("truncate_prompt_tokens"); keep && keep->is_number()) {
    openai.truncate_prompt_tokens = IntOf(*keep);
  }
  openai.created = context.clock.UnixSeconds();
  openai.has_deadline = call.deadline.has_value();
  PANO_ASSIGN_OR_RETURN(openai.version, FindGenerator(context, call));
  return {};
}

std::string_view OpenAiFinishReason(const OpenAiCall& openai, engine::FinishReason reason) {
  if (openai.has_deadline && reason == engine::FinishReason::kDeadline) return "deadline";
  return reason == engine::FinishReason::kStop ? "stop" : "length";
}

OpenAiStream::OpenAiStream(CallPtr call, OpenAiCall openai, std::chrono::milliseconds keep_alive)
    : request_id_(call->request().id),
      openai_(std::move(openai)),
      writer_(std::make_shared<SseWriter>(std::move(call), keep_alive)) {
  writer_->Begin();
}

bool OpenAiStream::OnEvent(size_t input, engine::Event event) {
  if (event.kind == engine::Event::Kind::kToken) ++generated_;
  int64_t index = static_cast<int64_t>(input) * openai_.n() + event.index;
  switch (event.kind) {
    case engine::Event::Kind::kPromptLogprobs:
      OnPrompt(input, std::move(event.prompt));
      break;
    case engine::Event::Kind::kToken:
      OnToken(index, std::move(event));
      break;
    case engine::Event::Kind::kFinish:
      Finish(index, std::move(event));
      break;
  }
  return true;
}

void OpenAiStream::Finish(int64_t index, engine::Event event) {
  usage_.completion_tokens += event.usage.completion_tokens;
  if (event.index == 0) {
    usage_.prompt_tokens += event.usage.prompt_tokens;
    usage_.cached_tokens += event.usage.cached_tokens;
  }
  if (Failure failure = CheckFinish(event); !failure.ok()) {
    status_ = failure.HttpStatus();
    writer_->Data(ErrorJson(failure, request_id_));
    return;
  }
  OnFinish(index, std::move(event));
}

void OpenAiStream::OnEnd() {
  if (openai_.parameters.include_usage) {
    SendChunk(Value(json::Array()), UsageJson(usage_, reasoning_tokens()));
  }
  writer_->DataText("[DONE]");
  writer_->Finish(status_);
}

void OpenAiStream::SendChoice(json::Value choice) {
  SendChunk(Value(json::Array{std::move(choice)}), Value());
}

void OpenAiStream::SendChunk(json::Value choices, json::Value usage) {
  Value body = openai_.Envelope(object());
  body.Set("choices", std::move(choices));
  if (openai_.continuous_usage && usage.is_null()) {
    usage = UsageJson({.prompt_tokens = openai_.prompt_tokens, .completion_tokens = generated_},
                      reasoning_tokens());
  }
  if (openai_.parameters.include_usage || openai_.continuous_usage) body.Set("usage", std::move(usage));
  writer_->Data(body);
}

namespace {

// Cuts prompts at their beginning, as vLLM does. What is echoed is what is left.
void TruncatePrompts(OpenAiCall& openai) {
  if (openai.truncate_prompt_tokens == 0) return;
  const int64_t fits = openai.version->context_length - 1;  // one is left to generate
  const int64_t keep = openai.truncate_prompt_tokens < 0 ? fits : openai.truncate_prompt_tokens;
  for (Prompt& prompt : openai.prompts) {
    const auto size = static_cast<int64_t>(prompt.ids.size());
    if (size <= keep) continue;
    prompt.ids.erase(prompt.ids.begin(), prompt.ids.begin() + (size - keep));
    prompt.text.clear();
    prompt.has_text = false;
  }
}

using MakeStream = std::function<std::unique_ptr<GenerationSink>(OpenAiCall)>;
using MakeAnswer = std::function<json::Value(const OpenAiCall&, const Answer&)>;

}  // namespace

void StartOpenAi(Context& context, CallPtr call, OpenAiCall openai, MakeStream make_stream,
                 MakeAnswer respond) {
  TruncatePrompts(openai);
  for (const Prompt& prompt : openai.prompts) openai.prompt_tokens += static_cast<int64_t>(prompt.ids.size());
  StartGeneration<OpenAiCall>(
      context, call, std::move(openai),
      {.stream = [make_stream = std::move(make_stream)](const CallPtr&,
                                                        OpenAiCall read) { return make_stream(std::move(read)); },
       .whole =
           [respond = std::move(respond)](Call& to, const OpenAiCall& read, const Answer& answer) {
             to.RespondJson(respond(read, answer));
           }});
}

}  // namespace pano::api::openai
