#include "app/api/ollama/ollama_call.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "app/api/ollama/line_stream.h"
#include "app/api/ollama/options.h"
#include "app/api/prompt_text.h"
#include "app/api/timestamp.h"
#include "app/models/token_text.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/serving/reasons.h"

namespace pano::api::ollama {
namespace {

using json::Value;

int64_t Nanoseconds(double ms) { return static_cast<int64_t>(ms * 1e6); }

// "format": "json" or a JSON Schema.
Status ReadFormat(const Value& body, std::optional<constraints::Source>& constraint) {
  const Value* format = body.Find("format");
  if (!format || format->is_null() || (format->is_string() && format->as_string().empty())) return {};
  if (*format == Value("json")) {
    constraint = JsonObjectSource("format");
  } else if (format->is_object()) {
    constraint = JsonSchemaSource(*format, "format");
  } else {
    return BadField("format", "'format' must be \"json\" or a JSON Schema");
  }
  return {};
}

// num_ctx, of prompt and answer together.
Status HoldToContext(OllamaCall& ollama) {
  if (!ollama.context_max || *ollama.context_max >= ollama.version->context_length) return {};
  const auto prompt = static_cast<int64_t>(ollama.prompts[0].ids.size());
  const int64_t left = *ollama.context_max - prompt;
  if (left <= 0) {
    return serving::ContextLengthExceeded(*ollama.context_max, StrCat("the prompt has ", prompt, " tokens"))
        .WithField("options.num_ctx");
  }
  ollama.parameters.max_tokens = std::min(ollama.parameters.max_tokens.value_or(left), left);
  return {};
}

// Arguments are objects there. A call that was cut off has none.
Value CallsJson(const std::vector<tools::ToolCall>& calls) {
  Value list{json::Array()};
  for (size_t i = 0; i < calls.size(); ++i) {
    Result<Value> arguments = json::Parse(calls[i].arguments);
    Value function;
    function.Set("index", static_cast<int64_t>(i));
    function.Set("name", calls[i].name);
    function.Set("arguments", arguments.ok() && arguments->is_object() ? *arguments : Value(json::Object()));
    Value call;
    call.Set("id", calls[i].id);
    call.Set("function", std::move(function));
    list.Append(std::move(call));
  }
  return list;
}

Value LogprobEntry(const models::ModelVersion& version, engine::TokenId id, float logprob) {
  Value entry;
  entry.Set("token", models::TokenText(version, id));
  entry.Set("logprob", FloatJson(logprob));
  entry.Set("bytes", TokenBytesJson(version, id));
  return entry;
}

Value AnswerJson(const OllamaCall& ollama, const Output& output, TimePoint now) {
  Said said{ReadMessage(ollama.source, output.text)};
  if (ollama.logprobs >= 0) {
    for (const Output::Token& token : output.tokens) said.logprobs.push_back(LogprobJson(*ollama.version, token));
  }
  Value line = LineJson(ollama, std::move(said), /*done=*/true);
  SetEnd(ollama, now, output, line);
  return line;
}

}  // namespace

Status ReadThink(const Value& body, ChatRequest& request) {
  const Value* think = body.Find("think");
  if (!think || think->is_null()) return {};
  const std::string* effort = think->is_string() ? &think->as_string() : nullptr;
  if (effort && (*effort == "low" || *effort == "medium" || *effort == "high")) {
    request.kwargs.Set("reasoning_effort", *effort);
  } else if (!think->is_bool()) {
    return BadField("think", "'think' must be true, false, \"low\", \"medium\" or \"high\"");
  }
  for (const char* name : {"enable_thinking", "thinking"}) request.kwargs.Set(name, effort || think->as_bool());
  return {};
}

Status ReadOllamaFields(Context& context, Call& call, const BodySchema& body, OllamaCall& ollama) {
  ollama.begun = call.begun();
  ollama.loaded = context.clock.Now();
  ollama.parameters.stream = true;  // unless it says otherwise
  PANO_RETURN_IF_ERROR(ReadFields(call.body, body, ollama.parameters));
  PANO_RETURN_IF_ERROR(ReadFormat(call.body, ollama.constraint));
  const Value* shift = call.body.Find("shift");
  if (shift && shift->is_bool() && shift->as_bool()) {
    return BadField("shift", "'shift' is not supported here: an answer ends with the context");
  }
  const Value* options = call.body.Find("options");
  if (options && !options->is_null()) {
    PANO_RETURN_IF_ERROR(ReadOptions(*options, ollama.parameters, ollama.context_max));
  }
  if (ollama.parameters.top_logprobs.value_or(0) > 0 && !ollama.parameters.chat_logprobs) {
    return BadField("top_logprobs", "'top_logprobs' needs 'logprobs': true");
  }
  if (ollama.parameters.chat_logprobs) {
    ollama.logprobs = static_cast<int32_t>(ollama.parameters.top_logprobs.value_or(0));
  }
  PANO_ASSIGN_OR_RETURN(ollama.version, FindGenerator(context, call));
  const Value* model = call.body.Find("model");
  ollama.model = model && model->is_string() && !model->as_string().empty() ? model->as_string() : ollama.version->id;
  ollama.created_at = Timestamp(context.clock.UnixSeconds());
  ollama.id = StrCat("ollama-", RandomHex(12));
  return {};
}

Value LogprobJson(const models::ModelVersion& version, const Output::Token& token) {
  Value entry = LogprobEntry(version, token.id, token.logprob);
  if (token.top.empty()) return entry;
  Value alternatives{json::Array()};
  for (const engine::TokenLogprob& one : token.top) alternatives.Append(LogprobEntry(version, one.id, one.logprob));
  entry.Set("top_logprobs", std::move(alternatives));
  return entry;
}

Value LineJson(const OllamaCall& ollama, Said said, bool done) {
  Value line;
  line.Set("model", ollama.model);
  line.Set("created_at", ollama.created_at);
  if (ollama.chat) {
    Value message;
    message.Set("role", "assistant");
    message.Set("content", std::move(said.message.content));
    if (!said.message.reasoning.empty()) message.Set("thinking", std::move(said.message.reasoning));
    if (!said.message.calls.empty()) message.Set("tool_calls", CallsJson(said.message.calls));
    line.Set("message", std::move(message));
  } else {
    line.Set("response", std::move(said.message.content));
    if (!said.message.reasoning.empty()) line.Set("thinking", std::move(said.message.reasoning));
  }
  line.Set("done", done);
  if (!said.logprobs.empty()) line.Set("logprobs", std::move(said.logprobs));
  return line;
}

void SetEnd(const OllamaCall& ollama, TimePoint now, const Output& output, Value& line) {
  const engine::Timings& timings = output.timings;
  line.Set("done_reason", output.reason == engine::FinishReason::kStop ? "stop" : "length");
  if (ollama.give_context) {
    json::Array tokens;
    tokens.reserve(ollama.context.size() + output.tokens.size());
    for (engine::TokenId id : ollama.context) tokens.emplace_back(id);
    for (const Output::Token& token : output.tokens) tokens.emplace_back(token.id);
    line.Set("context", std::move(tokens));
  }
  line.Set("total_duration", (now - ollama.begun).count());
  line.Set("load_duration", (ollama.loaded - ollama.begun).count());
  line.Set("prompt_eval_count", output.usage.prompt_tokens);
  line.Set("prompt_eval_duration", Nanoseconds(std::max(0.0, timings.ttft_ms - timings.queue_ms)));
  line.Set("eval_count", output.usage.completion_tokens);
  line.Set("eval_duration", Nanoseconds(std::max(0.0, timings.total_ms - timings.ttft_ms)));
}

void StartOllama(Context& context, CallPtr call, OllamaCall ollama) {
  if (Status held = HoldToContext(ollama); !held.ok()) return call->Fail(held);
  if (ollama.give_context) ollama.context = ollama.prompts[0].ids;
  Clock& clock = context.clock;
  StartGeneration<OllamaCall>(
      context, call, std::move(ollama),
      {.stream = [&clock](CallPtr to,
                          OllamaCall read) { return std::make_unique<LineStream>(std::move(to), std::move(read), clock); },
       .whole =
           [&clock](Call& to, const OllamaCall& read, const Answer& answer) {
             to.RespondJson(AnswerJson(read, answer.outputs[0], clock.Now()));
           }});
}

}  // namespace pano::api::ollama
