#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace pano::serving {

// Reasons of refusals (Status::reason) that callers decide by.

// The input is longer than the model or its memory takes.
inline constexpr char kContextLengthExceeded[] = "context_length_exceeded";

// A request with a deadline that would pass while it waits.
inline constexpr char kDeadlineCannotBeMet[] = "deadline_cannot_be_met";

// InvalidArgument with the first of them: "This model's maximum context length is 512 tokens, and <given>".
// Clients that fall back to a model with a longer context look for these words, which are OpenAI's.
Status ContextLengthExceeded(int64_t length_max, std::string_view given);

}  // namespace pano::serving
