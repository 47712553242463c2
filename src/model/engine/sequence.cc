#include "model/engine/sequence.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "model/tokenizer/tokenizer.h"

namespace pano::engine {

Sequence::Sequence(ActiveRequest& request, int index, const tokenizer::Tokenizer* tokenizer)
    : active_(request),
      index_(index),
      prompt_length_(static_cast<int64_t>(request.request.prompt.size())),
      tokens_(request.request.prompt),
      history_(NeedsHistory(request.request.sampling) ? std::span<const TokenId>(tokens_)
                                                      : std::span<const TokenId>()),
      text_(tokenizer, request.request),
      scored_(prompt_length_) {
  if (request.request.grammar) {
    const auto& reasoning = request.request.reasoning;
    constraint_.emplace(request.request.grammar, request.vocab_size, request.grammar_ends,
                        reasoning ? &*reasoning : nullptr);
  }
  if (request.request.prompt_logprobs < 0 || index != 0) return;
  // Nothing comes before the first token that could tell how likely it was.
  prompt_report_.reserve(tokens_.size());
  prompt_report_.push_back({tokens_[0], std::numeric_limits<float>::quiet_NaN(), {}});
  scored_ = 1;
}

void Sequence::AddScore(const DrawnToken& score) {
  prompt_report_.push_back({score.id, score.logprob, score.top});
  ++scored_;
}

std::vector<Event::PromptToken> Sequence::TakePromptReport() {
  if (scores_prompt()) return {};
  return std::exchange(prompt_report_, {});
}

int64_t Sequence::reusable_length() const {
  // The row of the token before the first one that is not scored is wanted.
  return scores_prompt() ? scored_ - 1 : length() - 1;
}

DrawInput Sequence::NextDraw(int64_t ahead) const {
  DrawInput input;
  input.params = &request().sampling;
  input.history = &history_;
  if (!MayEnd(ahead)) input.masked = active_.ending_tokens;
  input.seed = *request().sampling.seed;
  input.choice = static_cast<uint64_t>(index_);
  input.position = static_cast<uint64_t>(length() + ahead);
  input.top_logprobs = request().logprobs;
  return input;
}

bool Sequence::EndsWith(TokenId id) const {
  return std::ranges::find(active_.ending_tokens, id) != active_.ending_tokens.end();
}

const std::string* Sequence::NamedStop(TokenId id) const {
  for (const auto& [named, text] : active_.named_stops) {
    if (named == id) return &text;
  }
  return nullptr;
}

Sequence::Accepted Sequence::Accept(const DrawnToken& drawn, TimePoint now) {
  tokens_.push_back(drawn.id);
  if (NeedsHistory(request().sampling)) history_.AddOutput(drawn.id);
  if (!first_token_) first_token_ = now;
  last_token_ = now;

  Accepted out;
  out.event.kind = Event::Kind::kToken;
  out.event.index = index_;
  out.event.token_id = drawn.id;
  out.event.logprob = drawn.logprob;
  out.event.top = drawn.top;
  if (EndsWith(drawn.id)) {
    out.finish = FinishReason::kStop;
    const std::string* name = NamedStop(drawn.id);
    if (name && request().include_stop) {
      out.event.text = text_.Finish();
      if (!text_.stopped()) out.event.text += *name;
    }
    return out;
  }
  out.event.text = text_.Push(drawn.id);
  if (text_.stopped()) {
    out.finish = FinishReason::kStop;
  } else if (output_length() >= *request().max_tokens) {
    out.finish = FinishReason::kLength;
  }
  return out;
}

Event Sequence::MakeFinish(FinishReason reason, TimePoint now, const Status& error) {
  Event event;
  event.kind = Event::Kind::kFinish;
  event.index = index_;
  event.text = text_.Finish();
  // The last half character may complete a stop string after the last token.
  if (text_.stopped() && reason == FinishReason::kLength) reason = FinishReason::kStop;
  if (text_.stopped() && reason == FinishReason::kStop) event.stop_match = text_.stop_match();
  const std::string* name = output_length() > 0 ? NamedStop(tokens_.back()) : nullptr;
  if (name && !text_.stopped() && reason == FinishReason::kStop) event.stop_match = *name;
  event.reason = reason;
  event.error = error.message();
  // What else fails in a step (memory, a device) is the server's.
  if (error.reason().starts_with("grammar_")) event.error_reason = error.reason();
  event.usage.prompt_tokens = prompt_length_;
  event.usage.cached_tokens = cached_tokens.value_or(0);
  event.usage.completion_tokens = output_length();
  event.usage.draft_tokens = draft_tokens;
  event.usage.accepted_tokens = accepted_tokens;

  Timings& timings = event.timings;
  TimePoint scheduled = active_.scheduled.value_or(now);
  timings.queue_ms = Milliseconds(scheduled - active_.submitted);
  timings.total_ms = Milliseconds(now - active_.submitted);
  if (first_token_) timings.ttft_ms = Milliseconds(*first_token_ - active_.submitted);
  double prompt_seconds = Seconds(first_token_.value_or(now) - scheduled);
  int64_t prompt_computed = std::min(computed_max, prompt_length_) - event.usage.cached_tokens;
  if (prompt_seconds > 0 && prompt_computed > 0) {
    timings.prompt_tokens_per_second = static_cast<double>(prompt_computed) / prompt_seconds;
  }
  if (first_token_ && *last_token_ > *first_token_) {
    timings.generated_tokens_per_second =
        static_cast<double>(output_length() - 1) / Seconds(*last_token_ - *first_token_);
  }
  return event;
}

}  // namespace pano::engine
