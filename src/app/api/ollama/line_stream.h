#pragma once

#include "app/api/generation.h"
#include "app/api/ollama/ollama_call.h"

namespace pano::api::ollama {

// An answer as lines of JSON (NDJSON): one a piece of text, the last with "done": true. A failure on the way is a line
// {"error": ...}, the last. Confined to the connection's thread.
class LineStream final : public GenerationSink {
 public:
  // `clock` outlives it.
  LineStream(CallPtr call, OllamaCall ollama, const Clock& clock);

  bool OnEvent(size_t input, engine::Event event) override;
  void OnEnd() override;

 private:
  void Send(const json::Value& line);
  void OnToken(engine::Event event);
  void Finish(engine::Event event);

  const CallPtr call_;
  const OllamaCall ollama_;
  const Clock& clock_;
  MessageOutput message_;
  Output output_;  // what its end tells: of the tokens only their ids, where they are asked for
  int status_ = 200;
};

}  // namespace pano::api::ollama
