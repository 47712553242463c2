#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/api/answer.h"
#include "app/api/context.h"
#include "app/api/generation_request.h"
#include "app/api/schema.h"
#include "app/api/sse_writer.h"
#include "base/json.h"

namespace pano::api {

// What the two OpenAI routes share: a call that was read and checked.
struct OpenAiCall {
  BodyKind kind = kChatBody;
  ModelVersionPtr version;
  Parameters parameters;
  std::vector<Prompt> prompts;
  std::string id;  // "chatcmpl-..." or "cmpl-..."
  int64_t created = 0;
  int32_t logprobs = -1;  // alternatives per token; -1: none

  int32_t n() const { return static_cast<int32_t>(parameters.n.value_or(1)); }
  // The object that answers and chunks begin with: id, object, created, model.
  json::Value Envelope(std::string_view object) const;
};

// Reads the fields of the table, the model and the stream options.
Refusal ReadOpenAiFields(Context& context, Call& call, OpenAiCall& openai);

// OpenAI's finish reasons are fewer: a deadline reads as "length".
std::string_view OpenAiFinishReason(engine::FinishReason reason);

// A stream in OpenAI's framing: chunks, then the usage where it was asked for, then "[DONE]".
class OpenAiStream : public GenerationSink {
 public:
  OpenAiStream(CallPtr call, OpenAiCall openai, std::chrono::milliseconds keep_alive);

  bool OnEvent(size_t input, engine::Event event) final;
  void OnEnd() final;

 protected:
  virtual std::string_view object() const = 0;
  // What goes out for one event; `index` is the choice in the whole answer.
  virtual void OnPrompt(size_t, std::vector<engine::Event::PromptToken>) {}
  virtual void OnToken(int64_t index, engine::Event event) = 0;
  virtual void OnFinish(int64_t index, engine::Event event) = 0;

  const OpenAiCall& openai() const { return openai_; }
  const ModelVersion& version() const { return *openai_.version; }
  void SendChoice(json::Value choice);

 private:
  void Finish(int64_t index, engine::Event event);
  void SendChunk(json::Value choices, json::Value usage);

  const std::string request_id_;
  const OpenAiCall openai_;
  const std::shared_ptr<SseWriter> writer_;
  engine::Usage usage_;
  int status_ = 200;
};

// Starts the call: `make_stream` for a streamed one, else `respond` with the whole answer.
void StartOpenAi(Context& context, CallPtr call, OpenAiCall openai, int32_t prompt_logprobs,
                 std::function<std::unique_ptr<GenerationSink>(OpenAiCall)> make_stream,
                 std::function<json::Value(const OpenAiCall&, const Answer&)> respond);

// The handlers.
void ChatCompletions(Context& context, CallPtr call);
void Completions(Context& context, CallPtr call);

}  // namespace pano::api
