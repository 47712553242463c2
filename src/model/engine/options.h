#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/engine/request.h"
#include "model/nn/fwd.h"

namespace pano::engine {

// draft_tokens: the engine chooses the number in each step, by the speed-up that it expects.
inline constexpr int64_t kSpeculateWhereItPays = -1;
inline constexpr int64_t kDraftTokensMax = 64;

// Speculative decoding: draft tokens are proposed and several are verified in one step. The output
// is the same as without.
struct SpeculationOptions {
  // Draft tokens for each sequence and step, whatever the speed-up: 0 (none) to kDraftTokensMax.
  int64_t draft_tokens = kSpeculateWhereItPays;
  // Proposes the draft tokens where it can, with state of its own within draft_kv_bytes_max. It
  // outlives the engine, and nobody else steps it. Null: they are looked up in the sequence's own
  // tokens (n-grams).
  nn::Model* draft_model = nullptr;
  int64_t draft_kv_bytes_max = 256ll << 20;
};

struct Options {
  int64_t step_tokens_max = 512;     // token budget of one step: decodes first, then prefill chunks
  // See ContinuousBatchOptions: what keeps a long prompt from stalling the streams beside it.
  int64_t prefill_beside_decodes = 24;
  int64_t sequences_max = 64;        // running at once
  int64_t queue_max = 256;           // waiting requests; one more is refused at once
  int64_t kv_blocks = 0;             // of nn::kBlockTokens tokens, in each state group that keeps
                                     // every position (else, in the widest); 0: from kv_bytes_max
  int64_t kv_bytes_max = 1ll << 30;  // of all state groups together
  int64_t context_max = 0;           // 0: the model's
  int64_t stream_capacity = 256;     // events waiting in one TokenStream before its sequence pauses
  Duration slow_client_timeout = std::chrono::seconds(30);
  bool prefix_cache = true;
  std::vector<TokenId> end_token_ids =
      {};  // the model's own end tokens (generation_config, tokenizer)
  std::optional<TokenId> begin_token_id = {};  // what an empty prompt starts from
  std::string cache_namespace = {};            // model version; part of every prefix key
  SpeculationOptions speculation = {};
};

}  // namespace pano::engine
