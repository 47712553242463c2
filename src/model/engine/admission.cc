#include "model/engine/admission.h"

#include <algorithm>

#include <cmath>

#include "base/strings.h"
#include "model/serving/reasons.h"

namespace pano::engine {
namespace {

// InvalidArgument about one field of the request; the text names it, too.
Status Refuse(const char* field, std::string what) {
  return InvalidArgument(StrCat(field, ": ", what)).WithField(field);
}

Status CheckRange(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return OkStatus();  // false for NaN
  return Refuse(name, StrCat("must lie between ", low, " and ", high, ", not ", value));
}

Status CheckTokens(const char* name, const std::vector<TokenId>& tokens, int64_t vocab_size) {
  for (TokenId id : tokens) {
    if (id < 0 || id >= vocab_size) {
      return Refuse(name, StrCat("token ", id, " is outside the vocabulary of ", vocab_size));
    }
  }
  return OkStatus();
}

Status CheckSampling(const SamplingParams& params, int64_t vocab_size) {
  PANO_RETURN_IF_ERROR(CheckRange("temperature", params.temperature, 0, 1000));
  PANO_RETURN_IF_ERROR(CheckRange("top_k", params.top_k, 0, 2147483647));
  PANO_RETURN_IF_ERROR(CheckRange("top_p", params.top_p, 0, 1));
  PANO_RETURN_IF_ERROR(CheckRange("min_p", params.min_p, 0, 1));
  PANO_RETURN_IF_ERROR(CheckRange("typical_p", params.typical_p, 0, 1));
  PANO_RETURN_IF_ERROR(CheckRange("repetition_penalty", params.repetition_penalty, 1e-3, 1000));
  PANO_RETURN_IF_ERROR(CheckRange("frequency_penalty", params.frequency_penalty, -1000, 1000));
  PANO_RETURN_IF_ERROR(CheckRange("presence_penalty", params.presence_penalty, -1000, 1000));
  if (params.logit_bias.size() > kLogitBiasMax) {
    return Refuse("logit_bias", StrCat("at most ", kLogitBiasMax, " entries"));
  }
  for (auto [id, bias] : params.logit_bias) {
    PANO_RETURN_IF_ERROR(CheckTokens("logit_bias", {id}, vocab_size));
    if (!std::isfinite(bias)) return Refuse("logit_bias", "values must be finite");
  }
  return OkStatus();
}

Status CheckStops(const AdmissionLimits& limits, const Request& request) {
  if (!request.stop.empty() && !limits.has_tokenizer) {
    return Refuse("stop", "this model has no tokenizer, so its output is no text");
  }
  if (request.stop.size() > kStopStringsMax) {
    return Refuse("stop", StrCat("at most ", kStopStringsMax, " strings"));
  }
  for (const std::string& stop : request.stop) {
    if (stop.empty() || stop.size() > kStopBytesMax) {
      return Refuse("stop", StrCat("a string must have 1 to ", kStopBytesMax, " bytes"));
    }
  }
  if (request.stop_token_ids.size() > kStopTokensMax) {
    return Refuse("stop_token_ids", StrCat("at most ", kStopTokensMax, " ids"));
  }
  return CheckTokens("stop_token_ids", request.stop_token_ids, limits.vocab_size);
}

Status CheckLength(const AdmissionLimits& limits, Request& request) {
  auto prompt = static_cast<int64_t>(request.prompt.size());
  if (request.max_tokens && *request.max_tokens < 0) {
    return Refuse("max_tokens", "must not be negative");
  }
  if (request.min_tokens < 0) return Refuse("min_tokens", "must not be negative");
  int64_t room = limits.context_max - prompt;
  int64_t needed = request.max_tokens == 0 ? 0 : 1;
  if (room < needed) {
    return serving::ContextLengthExceeded(
        limits.context_max, StrCat("the prompt has ", prompt,
                                   needed > 0 ? ", which leaves none to generate" : ""));
  }
  if (request.min_tokens > request.max_tokens.value_or(room)) {
    return Refuse("min_tokens",
                  StrCat(request.min_tokens, " is above max_tokens ", request.max_tokens.value_or(room)));
  }
  // Many clients send one ceiling with every request: it means "at most".
  request.max_tokens = std::min(request.max_tokens.value_or(room), room);
  request.min_tokens = std::min(request.min_tokens, *request.max_tokens);
  return OkStatus();
}

}  // namespace

Status CheckRequest(const AdmissionLimits& limits, Request& request) {
  if (request.prompt.empty()) {
    if (!limits.begin_token_id) {
      return Refuse("prompt", "empty, and the model has no begin token to start from");
    }
    request.prompt.push_back(*limits.begin_token_id);
  }
  // Length first: what is far too long need not be looked at.
  PANO_RETURN_IF_ERROR(CheckLength(limits, request));
  PANO_RETURN_IF_ERROR(CheckTokens("prompt", request.prompt, limits.vocab_size));
  PANO_RETURN_IF_ERROR(CheckSampling(request.sampling, limits.vocab_size));
  PANO_RETURN_IF_ERROR(CheckStops(limits, request));
  if (request.grammar && request.grammar->table().vocab_size() > limits.vocab_size) {
    return Refuse("grammar", StrCat("made for a vocabulary of ", request.grammar->table().vocab_size(),
                                    " tokens, not of ", limits.vocab_size));
  }
  if (request.reasoning) {
    if (!request.grammar) return Refuse("reasoning", "a limit of reasoning needs a grammar");
    PANO_RETURN_IF_ERROR(CheckTokens("reasoning", request.reasoning->closing, limits.vocab_size));
  }
  PANO_RETURN_IF_ERROR(CheckRange("n", request.n, 1, kChoicesMax));
  PANO_RETURN_IF_ERROR(CheckRange("logprobs", request.logprobs, -1, kLogprobsMax));
  return CheckRange("prompt_logprobs", request.prompt_logprobs, -1, kLogprobsMax);
}

}  // namespace pano::engine
