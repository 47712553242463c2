#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "app/api/schema.h"
#include "base/json.h"

namespace pano::api {

// Fields that the bodies of several dialects have in common, and the limits that all share.

inline constexpr double kTokenIdMax = std::numeric_limits<int32_t>::max();
inline constexpr double kTokensMax = 1 << 24;            // to generate, at most
inline constexpr double kTimeoutMsMax = 86'400'000;      // a day
inline constexpr double kAnyBytes = 9007199254740992.0;  // bounded by the size of the body already
inline constexpr int64_t kInputsMax = 256;               // texts or instances in one request
inline constexpr int64_t kRowTokensMax = 300'000;  // of all texts of one request for a predictor
inline constexpr int64_t kMessagesMax = 4096;      // in one conversation

// A number that the schema has checked to be whole.
int64_t IntOf(const json::Value& value);

extern const Field kModelField;      // "model": id or id@version
extern const Field kStreamField;     // "stream"
extern const Field kResumableField;  // "resumable", of "stream_options"
extern const Field kMaxTokensField;  // "max_tokens", from 1
extern const Field kLogprobsField;   // "logprobs": how many alternatives
// How tokens are drawn and when the text ends: "temperature" and its like, "stop", "n".
std::span<const Field> SamplingFields();
// What else comes with a generated answer: "return_token_ids", "timeout_ms".
std::span<const Field> AnswerFields();
// Of requests for a predictor: "truncate", "timeout_ms", "priority", "queue_timeout_ms".
std::span<const Field> RowFields();

}  // namespace pano::api
