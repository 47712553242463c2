#include "app/api/openai/responses/response_run.h"

#include <utility>

#include "app/api/failure.h"
#include "app/api/message_output.h"
#include "app/api/openai/content_logprobs.h"
#include "app/api/openai/responses/response_output.h"
#include "app/api/sse_writer.h"

namespace pano::api::openai {
namespace {

using json::Value;

// A response as it comes about: the model's pieces into items, and the object at its end. Confined to one thread.
class ResponseRun {
 public:
  ResponseRun(const ResponseRequest& request, ResponseOutput::Tell tell)
      : request_(request), reader_(request.message), output_(std::move(tell)) {}

  void AddToken(engine::TokenId id, std::string_view text, float logprob, const std::vector<engine::TokenLogprob>& top) {
    if (request_.logprobs >= 0) logprobs_.Append(TokenLogprobs(*request_.version, id, logprob, top));
    Add(reader_.AppendToken(text));
  }

  // What was held back, and the end. The whole object.
  Value Finish(std::string_view rest, engine::FinishReason reason, const engine::Usage& usage) {
    Add(reader_.Append(rest));
    Add(reader_.Finish());
    const bool cut = reason != engine::FinishReason::kStop;
    output_.Finish(cut);
    std::string_view why;
    if (cut) {
      const bool late = request_.has_deadline && reason == engine::FinishReason::kDeadline;
      why = late ? "deadline" : "max_output_tokens";
    }
    return ResponseJson(request_.frame, cut ? "incomplete" : "completed", output_.items(), UsageOf(usage), why);
  }

  Value Fail(const Failure& failure) {
    Value error;
    error.Set("code", failure.HttpStatus() == 429 ? "rate_limit_exceeded" : "server_error");
    error.Set("message", failure.status.message());
    return ResponseJson(request_.frame, "failed", output_.items(), Value(), "", std::move(error));
  }

  // Keeps the finished response where the request says so.
  void Keep(const Value& response, ResponseStore& store, TimePoint now, Duration retention) const {
    if (!request_.stored) return;
    auto kept = std::make_shared<StoredResponse>();
    kept->id = request_.id;
    kept->response = response;
    kept->input_items = request_.input.items;
    kept->messages = request_.input.messages;
    kept->messages.Append(output_.ChatMessage());
    kept->previous = request_.previous;
    store.Put(request_.owner, std::move(kept), now, retention);
  }

 private:
  void Add(const tools::MessageDelta& delta) {
    output_.AddReasoning(delta.reasoning);
    // Log-probabilities go with the text that their tokens became; those of other tokens go nowhere.
    if (!delta.content.empty()) output_.AddText(delta.content, std::exchange(logprobs_, Value(json::Array())));
    for (const tools::ToolCallDelta& call : delta.calls) {
      if (call.index >= calls_) {
        calls_ = call.index + 1;
        output_.BeginCall(call.id, call.name);
      }
      output_.AddArguments(call.arguments);
    }
    if (!delta.empty()) logprobs_ = Value(json::Array());
  }

  Value UsageOf(const engine::Usage& usage) const {
    Value cached;
    cached.Set("cached_tokens", usage.cached_tokens);
    Value reasoning;
    reasoning.Set("reasoning_tokens", reader_.reasoning_tokens().value_or(0));
    Value body;
    body.Set("input_tokens", usage.prompt_tokens);
    body.Set("input_tokens_details", std::move(cached));
    body.Set("output_tokens", usage.completion_tokens);
    body.Set("output_tokens_details", std::move(reasoning));
    body.Set("total_tokens", usage.prompt_tokens + usage.completion_tokens);
    return body;
  }

  const ResponseRequest& request_;
  MessageOutput reader_;
  ResponseOutput output_;
  size_t calls_ = 0;                      // begun so far
  Value logprobs_{json::Array()};         // of tokens whose text is held back
};

class ResponseStream final : public GenerationSink {
 public:
  ResponseStream(Context& context, CallPtr call, std::shared_ptr<const ResponseRequest> request,
                 std::shared_ptr<ResponseStore> store)
      : clock_(context.clock),
        retention_(context.options.response_retention),
        request_(std::move(request)),
        store_(std::move(store)),
        writer_(std::make_shared<SseWriter>(std::move(call), context.options.keep_alive)),
        run_(*request_, [this](std::string_view type, Value event) { Tell(type, std::move(event)); }) {
    writer_->Begin();
    for (const char* type : {"response.created", "response.in_progress"}) {
      TellWhole(type, ResponseJson(request_->frame, "in_progress", Value(json::Array()), Value()));
    }
  }

  bool OnEvent(size_t, engine::Event event) override {
    if (event.kind == engine::Event::Kind::kToken) {
      run_.AddToken(event.token_id, event.text, event.logprob, event.top);
    } else if (event.kind == engine::Event::Kind::kFinish) {
      Finish(event);
    }
    return true;
  }

  void OnEnd() override { writer_->Finish(status_); }

 private:
  void Finish(const engine::Event& event) {
    if (Failure failure = CheckFinish(event); !failure.ok()) {
      status_ = failure.HttpStatus();
      return TellWhole("response.failed", run_.Fail(failure));
    }
    Value response = run_.Finish(event.text, event.reason, event.usage);
    // Before its last event: who has seen that may ask for it at once.
    run_.Keep(response, *store_, clock_.Now(), retention_);
    const bool whole = event.reason == engine::FinishReason::kStop;
    TellWhole(whole ? "response.completed" : "response.incomplete", std::move(response));
  }

  void TellWhole(std::string_view type, Value response) {
    Value event;
    event.Set("response", std::move(response));
    Tell(type, std::move(event));
  }

  void Tell(std::string_view type, Value event) {
    Value body;
    body.Set("type", type);
    body.Set("sequence_number", sequence_number_++);
    for (auto& [name, member] : event.as_object()) body.as_object().emplace_back(name, std::move(member));
    writer_->Event(type, body);
  }

  Clock& clock_;
  const Duration retention_;
  const std::shared_ptr<const ResponseRequest> request_;
  const std::shared_ptr<ResponseStore> store_;
  const std::shared_ptr<SseWriter> writer_;
  int64_t sequence_number_ = 0;
  int status_ = 200;
  ResponseRun run_;
};

}  // namespace

json::Value AnswerResponse(const ResponseRequest& request, const Output& output, ResponseStore& store, TimePoint now,
                           Duration retention) {
  ResponseRun run(request, nullptr);
  size_t told = 0;
  for (const Output::Token& token : output.tokens) {
    run.AddToken(token.id, token.text, token.logprob, token.top);
    told += token.text.size();
  }
  // What was held back until the end belongs to no token.
  Value response = run.Finish(std::string_view(output.text).substr(told), output.reason, output.usage);
  run.Keep(response, store, now, retention);
  return response;
}

std::unique_ptr<GenerationSink> MakeResponseStream(Context& context, CallPtr call,
                                                   std::shared_ptr<const ResponseRequest> request,
                                                   std::shared_ptr<ResponseStore> store) {
  return std::make_unique<ResponseStream>(context, std::move(call), std::move(request), std::move(store));
}

}  // namespace pano::api::openai
