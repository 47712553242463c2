#include "app/api/openai/openai_call.h"

#include <utility>

#include "app/api/fields.h"
#include "app/api/openai/bodies.h"
#include "app/api/openai/undone_fields.h"
#include "app/api/streaming/resumable.h"
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

void Generate(Context& context, const CallPtr& call, OpenAiCall openai, GrammarPtr grammar,
              const MakeStream& make_stream, const MakeAnswer& respond) {
  std::vector<engine::Request> requests;
  RequestFrame frame{.parameters = openai.parameters,
                     .version = *openai.version,
                     .id = openai.id,
                     .tenant = call->principal.tenant,
                     .now = call->begun(),
                     .logprobs = openai.logprobs,
                     .prompt_logprobs = openai.prompt_logprobs,
                     .choices_max = context.options.choices_max,
                     .shown_special = openai.message.shown_special,
                     .default_max_tokens = openai.default_max_tokens,
                     .grammar = std::move(grammar),
                     .reasoning = openai.message.reasoning};
  if (Status status = MakeEngineRequests(frame, openai.prompts, requests); !status.ok()) {
    return call->Fail(status);
  }
  models::GeneratorPtr version = openai.version;
  Generation::Place place{context.generations, context.held, HeldBytes(openai.prompts)};
  // The prompt's log-probabilities are much to write, once a choice.
  if (openai.parameters.stream && openai.prompt_logprobs >= 0) {
    place.strand = std::make_shared<Strand>(context.work);
  }
  if (Failure refused = OpenResumable(context, *call, openai.parameters, place); !refused.ok()) {
    return call->Fail(refused);
  }
  DropUnlessEchoed(openai.parameters, openai.prompts);
  Generation::Start(place, call, version, std::move(requests),
                    [&]() -> std::unique_ptr<GenerationSink> {
                      if (openai.parameters.stream) return make_stream(std::move(openai));
                      size_t inputs = openai.prompts.size();
                      int32_t n = openai.n();
                      auto answered = [call, respond,
                                       openai = std::move(openai)](const Answer& answer) {
                        if (Status failed = answer.Check(); !failed.ok()) return call->Fail(failed);
                        call->RespondJson(respond(openai, answer));
                      };
                      return std::make_unique<AnswerCollector>(context.work, call, inputs, n,
                                                               std::move(answered));
                    });
}

}  // namespace

void StartOpenAi(Context& context, CallPtr call, OpenAiCall openai, MakeStream make_stream,
                 MakeAnswer respond) {
  TruncatePrompts(openai);
  for (const Prompt& prompt : openai.prompts) openai.prompt_tokens += static_cast<int64_t>(prompt.ids.size());
  const models::GeneratorPtr version = openai.version;
  std::optional<constraints::Source> constraint = std::exchange(openai.constraint, std::nullopt);
  WithGrammar(context, call, version, std::move(constraint),
              [&context, call, openai = std::move(openai), make_stream = std::move(make_stream),
               respond = std::move(respond)](GrammarPtr grammar) mutable {
                Generate(context, call, std::move(openai), std::move(grammar), make_stream, respond);
              });
}

}  // namespace pano::api::openai
