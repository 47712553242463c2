#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "model/engine/request.h"

namespace pano::engine {

// What a request may ask for; limits that nobody needs to exceed.
inline constexpr int32_t kChoicesMax = 128;
inline constexpr int32_t kLogprobsMax = 128;  // alternatives a token
inline constexpr size_t kStopStringsMax = 64;
inline constexpr size_t kStopBytesMax = 4096;  // of one stop string
inline constexpr size_t kStopTokensMax = 1024;
inline constexpr size_t kLogitBiasMax = 4096;

// What the engine at hand can do.
struct AdmissionLimits {
  int64_t vocab_size = 0;
  int64_t context_max = 0;
  bool has_tokenizer = false;
  std::optional<TokenId> begin_token_id;
};

// Completes and checks a request: an empty prompt becomes the begin token, a max_tokens that is
// missing or above what is left of the context becomes that. InvalidArgument with the parameter as
// its field, or with the reason serving::kContextLengthExceeded when the prompt leaves no room.
Status CheckRequest(const AdmissionLimits& limits, Request& request);

}  // namespace pano::engine
