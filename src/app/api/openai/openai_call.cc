#include "app/api/openai/openai_call.h"

#include <utility>

#include "app/api/openai/bodies.h"
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

namespace {

// Fields of OpenAI's older API and of other servers that would change the answer. Most unknown fields
// are passed over; with these the caller would get something else than what was asked for.
constexpr std::string_view kAnswerChanging[] = {
    "functions",         "function_call",      "continue_final_message", "guided_json",
    "guided_regex",      "guided_choice",      "guided_grammar",         "structured_outputs",
    "grammar",           "json_schema",        "bad_words",              "allowed_token_ids",
    "use_beam_search",   "logits_processors",  "truncate_prompt_tokens", "audio",
    "prompt_embeds",     "lora",               "dry_multiplier",         "mirostat",
};

// null, false, 0, "", [] and {} ask for nothing.
bool AsksForNothing(const Value& value) {
  if (value.is_bool()) return !value.as_bool();
  if (value.is_number()) return value.as_double() == 0;
  if (value.is_string()) return value.as_string().empty();
  if (value.is_array()) return value.as_array().empty();
  return value.is_null() || value.as_object().empty();
}

Status RefuseWhatWouldBeIgnored(const Value& body) {
  for (std::string_view name : kAnswerChanging) {
    const Value* value = body.Find(name);
    if (!value || AsksForNothing(*value)) continue;
    return BadField(name, StrCat("'", name, "' is not supported here, and without it the answer "
                                 "would be another"));
  }
  return {};
}

}  // namespace

Status ReadOpenAiFields(Context& context, Call& call, const BodySchema& body, OpenAiCall& openai) {
  PANO_RETURN_IF_ERROR(ReadFields(call.body, body, openai.parameters));
  PANO_RETURN_IF_ERROR(RefuseWhatWouldBeIgnored(call.body));
  const Value* options = call.body.Find("stream_options");
  if (options && !options->is_null()) {
    PANO_RETURN_IF_ERROR(ReadFields(*options, StreamOptions(), openai.parameters));
  }
  const Value* format = call.body.Find("response_format");
  if (format && !format->is_null()) {
    Parameters unused;
    Status read = ReadFields(*format, ResponseFormat(), unused);
    if (!read.ok()) return BadField("response_format", read.Wrap("response_format").message());
    if (format->Find("type")->as_string() != "text") {
      return BadField("response_format",
                      "only the response_format {\"type\": \"text\"} is supported");
    }
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
  if (openai_.parameters.include_usage) SendChunk(Value(json::Array()), UsageJson(usage_));
  writer_->DataText("[DONE]");
  writer_->Finish(status_);
}

void OpenAiStream::SendChoice(json::Value choice) {
  SendChunk(Value(json::Array{std::move(choice)}), Value());
}

void OpenAiStream::SendChunk(json::Value choices, json::Value usage) {
  Value body = openai_.Envelope(object());
  body.Set("choices", std::move(choices));
  if (openai_.parameters.include_usage) body.Set("usage", std::move(usage));
  writer_->Data(body);
}

void StartOpenAi(Context& context, CallPtr call, OpenAiCall openai,
                 std::function<std::unique_ptr<GenerationSink>(OpenAiCall)> make_stream,
                 std::function<json::Value(const OpenAiCall&, const Answer&)> respond) {
  std::vector<engine::Request> requests;
  RequestFrame frame{.parameters = openai.parameters,
                     .version = *openai.version,
                     .id = openai.id,
                     .tenant = call->principal.tenant,
                     .now = call->begun(),
                     .logprobs = openai.logprobs,
                     .prompt_logprobs = openai.prompt_logprobs,
                     .choices_max = context.options.choices_max,
                     .default_max_tokens = openai.default_max_tokens};
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

}  // namespace pano::api::openai
