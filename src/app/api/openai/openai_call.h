#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/api/context.h"
#include "app/api/generation_call.h"
#include "app/api/schema.h"
#include "app/api/sse_writer.h"
#include "base/json.h"

namespace pano::api::openai {

// What the two OpenAI routes share: a call that was read and checked.
struct OpenAiCall : GenerationCall {  // its id is "chatcmpl-..." or "cmpl-..."
  bool calls_function = false;  // the older form, "functions": one "function_call" and no list
  int64_t created = 0;
  int64_t truncate_prompt_tokens = 0;         // of each prompt that many are kept, the last; -1: what fits; 0: all
  int64_t prompt_tokens = 0;                  // of all prompts
  bool continuous_usage = false;              // each chunk of a stream has the usage so far
  bool has_deadline = false;                  // of its own (deadline_ms, grpc-timeout)

  // The object that answers and chunks begin with: id, object, created, model.
  json::Value Envelope(std::string_view object) const;
};

// Reads the body's fields, the model and the stream options.
Status ReadOpenAiFields(Context& context, Call& call, const BodySchema& body, OpenAiCall& openai);

// OpenAI's finish reasons are fewer: a timeout reads as "length". Who sends our own deadline_ms knows our
// word for its end, "deadline".
std::string_view OpenAiFinishReason(const OpenAiCall& openai, engine::FinishReason reason);

// A stream in OpenAI's framing: chunks, then the usage where it was asked for, then "[DONE]".
// Confined to the connection's thread.
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

  // Of all choices so far; nothing: the model does not reason.
  virtual std::optional<int64_t> reasoning_tokens() const { return {}; }

  const OpenAiCall& openai() const { return openai_; }
  const models::ModelVersion& version() const { return *openai_.version; }
  void SendChoice(json::Value choice);

 private:
  void Finish(int64_t index, engine::Event event);
  void SendChunk(json::Value choices, json::Value usage);

  const std::string request_id_;
  const OpenAiCall openai_;
  const std::shared_ptr<SseWriter> writer_;
  engine::Usage usage_;
  int64_t generated_ = 0;  // tokens so far, of all choices
  int status_ = 200;
};

// Starts the call: `make_stream` for a streamed one, else `respond` with the whole answer.
void StartOpenAi(Context& context, CallPtr call, OpenAiCall openai,
                 std::function<std::unique_ptr<GenerationSink>(OpenAiCall)> make_stream,
                 std::function<json::Value(const OpenAiCall&, const Answer&)> respond);

}  // namespace pano::api::openai
