#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/grammar/compiled_grammar.h"
#include "model/nn/fwd.h"

namespace pano::engine {

using TokenId = int32_t;

// How the next token is drawn. Applied in the order of the fields, each off at its default (except
// temperature 1): contracts.md, "Sampling order".
struct SamplingParams {
  std::map<TokenId, float> logit_bias = {};  // added to the logit
  float repetition_penalty = 1.0f;           // > 0; prompt and output: x/r if x > 0, else x*r
  float frequency_penalty = 0.0f;            // output only: x - count * penalty
  float presence_penalty = 0.0f;             // output only: x - penalty if it occurred
  float temperature = 1.0f;                  // 0: greedy
  int32_t top_k = 0;                         // 0: all; keeps all logits equal to the k-th
  float top_p = 1.0f;
  float min_p = 0.0f;
  float typical_p = 1.0f;
  std::optional<uint64_t> seed = {};  // none: drawn once per request
};

// How long a model may think before it has to answer.
struct ReasoningLimit {
  int64_t tokens_max = 0;
  std::string open = {};  // the mark with which the output may begin to think; "": the prompt has begun it
  std::string close = {};
  std::vector<TokenId> closing = {};  // the tokens that end it, `close` in them
};

struct Request {
  std::string id;               // unique among running requests; "" = made by the engine
  std::string tenant;           // prefix blocks are shared within one tenant only
  double weight = 1;            // the tenant's share while tenants compete (serving::FairShare)
  int32_t priority = 0;         // among its tenant's requests: a smaller one is earlier
  std::vector<TokenId> prompt;  // empty: starts from the model's begin token
  SamplingParams sampling;
  int32_t n = 1;                        // choices, each with its own random stream
  std::optional<int64_t> max_tokens;    // none: what is left of the context
  int64_t min_tokens = 0;               // end and stop tokens are masked before that many
  std::vector<std::string> stop;        // stop strings; not part of the text that comes out
  std::vector<TokenId> stop_token_ids;  // beside the model's own end tokens
  bool ignore_eos = false;
  bool include_stop = false;     // keep the stop string in the text
  bool skip_special = true;      // special tokens produce no text
  std::vector<TokenId> shown_special = {};  // but these do; ascending
  int32_t logprobs = -1;         // alternatives per token; -1: none, 0: the token's own only
  int32_t prompt_logprobs = -1;  // the same for each prompt token (`echo` with `logprobs`)
  std::optional<TimePoint> deadline;
  // What its tokens are computed with beside the model's weights; null: nothing. Bound to the engine's
  // model. Blocks of a prefix are shared with requests of the same adapter only; drafts are made without.
  std::shared_ptr<const nn::BoundAdapter> adapter = nullptr;
  // What the output must be; null: anything. A token that the grammar does not allow next is as if the model
  // did not have it, whatever else the request says; end tokens are allowed only where the grammar accepts,
  // and where nothing can follow the choice ends by itself (kStop). A choice for which no token is left
  // before that ends with kError. Stop strings, stop tokens that are text, and max_tokens cut as always.
  std::shared_ptr<const grammar::CompiledGrammar> grammar;
  // Only beside a grammar, which has to allow that reasoning ends anywhere: behind so many tokens the tokens
  // that end it come by themselves.
  std::optional<ReasoningLimit> reasoning = {};
};

struct TokenLogprob {
  TokenId id = 0;
  // Raw log-softmax, before penalties and temperature; with a grammar that of the tokens it allows next, so
  // that a token without alternative has 0.
  float logprob = 0;
};

enum class FinishReason : uint8_t { kStop, kLength, kCancelled, kDeadline, kError };
const char* FinishReasonName(FinishReason reason);  // "stop", "length", ...

struct Usage {
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;  // of the prompt, taken from the prefix cache
  int64_t completion_tokens = 0;
  int64_t draft_tokens = 0;     // proposed by a draft and verified
  int64_t accepted_tokens = 0;  // of these, those that were right: part of the completion
};

struct Timings {
  double queue_ms = 0;  // submitted to first scheduled
  double ttft_ms = 0;   // submitted to first token
  double total_ms = 0;  // submitted to finished
  double prompt_tokens_per_second = 0;
  double generated_tokens_per_second = 0;
};

// What a stream carries. Per choice: PromptLogprobs (if asked, choice 0 only), Token*, Finish.
struct Event {
  enum class Kind : uint8_t { kPromptLogprobs, kToken, kFinish };
  Kind kind = Kind::kToken;
  int32_t index = 0;  // choice

  // kToken
  TokenId token_id = 0;
  std::string text;  // whole characters; "" while some are held back
  float logprob = 0;
  std::vector<TokenLogprob> top;  // best first

  // kPromptLogprobs: entry i belongs to prompt token i; entry 0 has no logprob (NaN) and no `top`.
  struct PromptToken {
    TokenId id = 0;
    float logprob = 0;
    std::vector<TokenLogprob> top;
  };
  std::vector<PromptToken> prompt;

  // kFinish. Text that was held back and turned out to be no stop string comes in `text`.
  FinishReason reason = FinishReason::kStop;
  std::string stop_match;  // the stop string that ended it, if one did
  Usage usage;
  Timings timings;
  std::string error;  // for kError
  // For kError: a reason ("grammar_too_large") where the request is at fault and not the server.
  std::string error_reason;
};

}  // namespace pano::engine
