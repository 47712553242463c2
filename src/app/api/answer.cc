#include "app/api/answer.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace pano::api {
namespace {

Status CheckReason(engine::FinishReason reason, const std::string& error, const std::string& error_reason) {
  if (reason == engine::FinishReason::kError) {
    if (!error_reason.empty()) return InvalidArgument(error).WithReason(error_reason);
    return Internal(error.empty() ? "the model failed" : error);
  }
  if (reason == engine::FinishReason::kCancelled) {
    return Status(StatusCode::kUnavailable,
                  "the request was cancelled: the server is stopping, or the answer was not read");
  }
  return {};
}

}  // namespace

bool Answer::Add(size_t input, engine::Event event) {
  if (event.kind == engine::Event::Kind::kPromptLogprobs) {
    size_t logprobs = 0;
    for (const auto& token : event.prompt) logprobs += 1 + token.top.size();
    bytes_ += logprobs * kBytesPerLogprob * static_cast<size_t>(choices);
    prompts[input] = std::move(event.prompt);
    return bytes_ <= kBytesMax;
  }
  PANO_CHECK(event.index >= 0 && event.index < choices);
  Output& output = outputs[input * static_cast<size_t>(choices) + static_cast<size_t>(event.index)];
  output.text += event.text;
  bytes_ += event.text.size();
  if (event.kind == engine::Event::Kind::kToken) {
    bytes_ += kBytesPerToken + event.top.size() * kBytesPerLogprob;
    output.tokens.push_back(
        {event.token_id, std::move(event.text), event.logprob, std::move(event.top)});
    return bytes_ <= kBytesMax;
  }
  output.reason = event.reason;
  output.stop_match = std::move(event.stop_match);
  output.usage = event.usage;
  output.timings = event.timings;
  output.error = std::move(event.error);
  output.error_reason = std::move(event.error_reason);
  return true;
}

bool AnswerCollector::OnEvent(size_t input, engine::Event event) {
  if (!answer_->Add(input, std::move(event))) return false;
  // In steps, so that not each token asks.
  constexpr size_t kStep = Call::kSmallAnswerBytes;
  const size_t bytes = answer_->bytes() / kStep * kStep;
  if (!lease_ || lease_->Grow(bytes)) return true;
  refused_ = TooManyAnswersHeld(*call_->answers);
  return false;
}

void AnswerCollector::OnEnd() {
  lease_.reset();  // what is written from it is accounted anew
  if (!refused_.ok()) return call_->Fail(refused_);
  pool_.SubmitAdmitted(answer_->bytes(), [call = call_, answer = answer_, then = then_] {
    try {
      then(*answer);
    } catch (const std::bad_alloc&) {
      *answer = Answer(0, 1);   // makes room for the refusal
      call->Fail(OutOfMemory());
    }
  });
}

Status Answer::Check() const {
  if (bytes_ > kBytesMax) {
    return BadField("logprobs", StrCat("the answer would hold more than ", kBytesMax >> 20,
                                       " MiB: stream it, or ask for less"));
  }
  bool late = true;
  for (const Output& output : outputs) {
    PANO_RETURN_IF_ERROR(CheckReason(output.reason, output.error, output.error_reason));
    late = late && output.reason == engine::FinishReason::kDeadline && output.tokens.empty();
  }
  if (!late) return {};
  return Status(StatusCode::kDeadline, "the time of 'timeout_ms' passed before the first token");
}

engine::Usage Answer::TotalUsage() const {
  engine::Usage total;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const engine::Usage& usage = outputs[i].usage;
    total.completion_tokens += usage.completion_tokens;
    total.draft_tokens += usage.draft_tokens;
    total.accepted_tokens += usage.accepted_tokens;
    if (i % static_cast<size_t>(choices) != 0) continue;  // the choices of a prompt share it
    total.prompt_tokens += usage.prompt_tokens;
    total.cached_tokens += usage.cached_tokens;
  }
  return total;
}

engine::Timings Answer::TotalTimings() const {
  if (outputs.size() == 1) return outputs[0].timings;
  engine::Timings total;
  for (const Output& output : outputs) {
    const engine::Timings& timings = output.timings;
    total.queue_ms = std::max(total.queue_ms, timings.queue_ms);
    total.ttft_ms = std::max(total.ttft_ms, timings.ttft_ms);
    total.total_ms = std::max(total.total_ms, timings.total_ms);
  }
  engine::Usage usage = TotalUsage();
  auto rate = [](int64_t tokens, double ms) {
    return ms > 0 ? static_cast<double>(tokens) * 1e3 / ms : 0.0;
  };
  total.prompt_tokens_per_second = rate(usage.prompt_tokens, total.ttft_ms - total.queue_ms);
  total.generated_tokens_per_second =
      rate(usage.completion_tokens, total.total_ms - total.queue_ms);
  return total;
}

Status CheckFinish(const engine::Event& finish) {
  return CheckReason(finish.reason, finish.error, finish.error_reason);
}

json::Value FloatJson(float value) {
  return ParseDouble(StrCat(value)).value_or(static_cast<double>(value));
}

json::Value UsageJson(const engine::Usage& usage, std::optional<int64_t> reasoning_tokens) {
  json::Value details;
  details.Set("cached_tokens", usage.cached_tokens);
  json::Value body;
  body.Set("prompt_tokens", usage.prompt_tokens);
  body.Set("completion_tokens", usage.completion_tokens);
  body.Set("total_tokens", usage.prompt_tokens + usage.completion_tokens);
  body.Set("prompt_tokens_details", std::move(details));
  json::Value completion;
  if (reasoning_tokens) completion.Set("reasoning_tokens", *reasoning_tokens);
  if (usage.draft_tokens > 0) {
    completion.Set("accepted_prediction_tokens", usage.accepted_tokens);
    completion.Set("rejected_prediction_tokens", usage.draft_tokens - usage.accepted_tokens);
  }
  if (completion.is_object()) body.Set("completion_tokens_details", std::move(completion));
  return body;
}

json::Value TimingsJson(const engine::Timings& timings) {
  json::Value body;
  body.Set("queue_ms", timings.queue_ms);
  body.Set("ttft_ms", timings.ttft_ms);
  body.Set("total_ms", timings.total_ms);
  body.Set("prompt_tokens_per_second", timings.prompt_tokens_per_second);
  body.Set("generated_tokens_per_second", timings.generated_tokens_per_second);
  return body;
}

}  // namespace pano::api
