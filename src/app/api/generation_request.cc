#include "app/api/generation_request.h"

#include <algorithm>

#include "app/api/answer.h"
#include "app/api/failure.h"
#include "base/strings.h"

namespace pano::api {
namespace {

float Pick(const std::optional<double>& asked, const std::optional<double>& configured,
           double otherwise) {
  return static_cast<float>(asked ? *asked : configured.value_or(otherwise));
}

engine::SamplingParams MakeSampling(const Parameters& p, const models::GenerationSettings& d) {
  engine::SamplingParams s;
  s.logit_bias = p.logit_bias;
  s.repetition_penalty = Pick(p.repetition_penalty, d.repetition_penalty, 1);
  s.frequency_penalty = Pick(p.frequency_penalty, d.frequency_penalty, 0);
  s.presence_penalty = Pick(p.presence_penalty, d.presence_penalty, 0);
  s.temperature = Pick(p.temperature, d.temperature, 1);
  s.top_k = static_cast<int32_t>(p.top_k ? *p.top_k : d.top_k.value_or(0));
  s.top_p = Pick(p.top_p, d.top_p, 1);
  s.min_p = Pick(p.min_p, d.min_p, 0);
  s.typical_p = Pick(p.typical_p, d.typical_p, 1);
  if (p.seed) s.seed = static_cast<uint64_t>(*p.seed);
  return s;
}

// The engine cuts what does not fit into the context.
std::optional<int64_t> MaxTokens(const RequestFrame& frame) {
  const Parameters& p = frame.parameters;
  if (p.max_completion_tokens) return p.max_completion_tokens;
  if (p.max_tokens) return p.max_tokens;
  if (std::optional<int64_t> configured = frame.version.Defaults().max_tokens) {
    return std::max<int64_t>(*configured, 1);
  }
  return frame.default_max_tokens;
}

Status CheckTogether(const RequestFrame& frame, size_t prompt_count) {
  const Parameters& p = frame.parameters;
  int64_t n = p.n.value_or(1);
  if (p.best_of && *p.best_of != n) {
    return BadField("best_of", "'best_of' has to equal 'n': answers are not ranked here");
  }
  if (static_cast<int64_t>(prompt_count) * n > frame.choices_max) {
    return BadField("n", StrCat(prompt_count, " prompts times n = ", n, " are more than ",
                                frame.choices_max, " answers in one request"));
  }
  if (!p.stop.empty() && !frame.version.tokenizer) {
    return BadField("stop", "this model has no tokenizer: use stop_token_ids");
  }
  return {};
}

// Bytes that the answer to one prompt has at least, for each choice; of a stream only what repeats the
// prompt.
size_t CertainBytes(const RequestFrame& frame, const Prompt& prompt) {
  const Parameters& p = frame.parameters;
  auto per_token = [](int32_t logprobs) {
    return logprobs < 0 ? 0 : static_cast<size_t>(1 + logprobs) * Answer::kBytesPerLogprob;
  };
  size_t bytes = prompt.ids.size() * per_token(frame.prompt_logprobs);
  if (p.echo) bytes += prompt.has_text ? prompt.text.size() : 4 * prompt.ids.size();
  if (p.stream) return bytes;
  int64_t tokens = p.min_tokens;
  if (p.ignore_eos && p.stop.empty() && p.stop_token_ids.empty()) {
    tokens = std::max(tokens, MaxTokens(frame).value_or(0));
  }
  const int64_t left = std::max<int64_t>(frame.version.context_length, 0);
  return bytes + static_cast<size_t>(std::clamp<int64_t>(tokens, 0, left)) *
                     (Answer::kBytesPerToken + per_token(frame.logprobs));
}

// An answer that is certain to be too large is refused before any work: 15 kB of a request could ask
// for 200 MB.
Status CheckAnswerSize(const RequestFrame& frame, const std::vector<Prompt>& prompts) {
  const auto n = static_cast<size_t>(frame.parameters.n.value_or(1));
  size_t bytes = 0;
  for (const Prompt& prompt : prompts) bytes += n * CertainBytes(frame, prompt);
  if (bytes <= Answer::kBytesMax) return {};
  return BadField(frame.parameters.echo ? "echo" : "logprobs",
                  StrCat("the answer would hold at least ", bytes >> 20, " MiB of at most ",
                         Answer::kBytesMax >> 20,
                         ": ask for fewer choices, log-probabilities or prompts"))
      .WithReason("answer_too_large");
}

}  // namespace

size_t HeldBytes(const std::vector<Prompt>& prompts) {
  constexpr size_t kRequestBytes = 4096;   // the rest of it
  size_t bytes = kRequestBytes;
  for (const Prompt& prompt : prompts) {
    bytes += kRequestBytes + 2 * prompt.ids.size() * sizeof(engine::TokenId) + prompt.text.size();
  }
  return bytes;
}

void DropUnlessEchoed(const Parameters& parameters, std::vector<Prompt>& prompts) {
  if (parameters.echo) return;
  for (Prompt& prompt : prompts) prompt = Prompt();
}

Status MakeEngineRequests(const RequestFrame& frame, const std::vector<Prompt>& prompts,
                          std::vector<engine::Request>& requests) {
  PANO_RETURN_IF_ERROR(CheckTogether(frame, prompts.size()));
  PANO_RETURN_IF_ERROR(CheckAnswerSize(frame, prompts));
  const Parameters& p = frame.parameters;
  for (size_t i = 0; i < prompts.size(); ++i) {
    engine::Request& request = requests.emplace_back();
    request.id = StrCat(frame.id, "-", i);
    request.tenant = frame.tenant;
    request.priority = static_cast<int32_t>(p.priority);
    request.prompt = prompts[i].ids;
    request.sampling = MakeSampling(p, frame.version.Defaults());
    request.n = static_cast<int32_t>(p.n.value_or(1));
    request.max_tokens = MaxTokens(frame);
    request.min_tokens = p.min_tokens;
    request.stop = p.stop;
    request.stop_token_ids = p.stop_token_ids;
    request.ignore_eos = p.ignore_eos;
    request.include_stop = p.include_stop;
    request.skip_special = p.skip_special;
    request.shown_special = frame.shown_special;
    request.logprobs = frame.logprobs;
    request.prompt_logprobs = frame.prompt_logprobs;
    request.grammar = frame.grammar;
    if (frame.grammar) request.reasoning = frame.reasoning;
    if (p.timeout_ms) request.deadline = frame.now + std::chrono::milliseconds(*p.timeout_ms);
  }
  return {};
}

}  // namespace pano::api
