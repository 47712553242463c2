#include "app/api/ollama/line_stream.h"

#include <string>
#include <utility>

#include "app/api/ollama/errors.h"

namespace pano::api::ollama {

using json::Value;

LineStream::LineStream(CallPtr call, OllamaCall ollama, const Clock& clock)
    : call_(std::move(call)), ollama_(std::move(ollama)), clock_(clock), message_(ollama_.source) {
  http::Headers headers = {{"Content-Type", "application/x-ndjson"},
                           {"Cache-Control", "no-store"},
                           {"X-Accel-Buffering", "no"},  // nginx: pass lines on at once
                           {"X-Content-Type-Options", "nosniff"}};
  headers.insert(headers.end(), call_->headers.begin(), call_->headers.end());
  call_->exchange().BeginStream(200, std::move(headers));
}

void LineStream::Send(const Value& line) { call_->exchange().Write(json::Dump(line) + "\n"); }

bool LineStream::OnEvent(size_t, engine::Event event) {
  if (event.kind == engine::Event::Kind::kToken) {
    OnToken(std::move(event));
  } else if (event.kind == engine::Event::Kind::kFinish) {
    Finish(std::move(event));
  }
  return true;
}

void LineStream::OnToken(engine::Event event) {
  if (ollama_.give_context) output_.tokens.emplace_back().id = event.token_id;
  tools::MessageDelta delta = message_.Append(event.text);
  Said said{.message = {.content = std::move(delta.content), .reasoning = std::move(delta.reasoning), .calls = {}}};
  if (ollama_.logprobs >= 0) {
    said.logprobs.push_back(
        LogprobJson(*ollama_.version, {event.token_id, event.text, event.logprob, std::move(event.top)}));
  }
  // A held-back part of a character, of a stop string or of a call.
  if (said.message.content.empty() && said.message.reasoning.empty() && said.logprobs.empty()) return;
  Send(LineJson(ollama_, std::move(said), /*done=*/false));
}

void LineStream::Finish(engine::Event event) {
  if (Failure failure = CheckFinish(event); !failure.ok()) {
    status_ = failure.HttpStatus();
    return Send(ErrorBodyJson(failure, call_->request().id));
  }
  tools::MessageDelta rest = message_.Append(event.text);
  const tools::MessageDelta end = message_.Finish();
  rest.content += end.content;
  rest.reasoning += end.reasoning;
  // Calls come whole, when all are known.
  Said said{.message = {.content = std::move(rest.content), .reasoning = std::move(rest.reasoning), .calls = message_.message().calls}};
  const bool any = !said.message.content.empty() || !said.message.reasoning.empty() || !said.message.calls.empty();
  if (any) Send(LineJson(ollama_, std::move(said), /*done=*/false));
  output_.reason = event.reason;
  output_.usage = event.usage;
  output_.timings = event.timings;
  Value last = LineJson(ollama_, {}, /*done=*/true);
  SetEnd(ollama_, clock_.Now(), output_, last);
  Send(last);
}

void LineStream::OnEnd() {
  call_->Record(status_);
  call_->exchange().Finish();
}

}  // namespace pano::api::ollama
