#pragma once

namespace pano::serving {

// Reasons of refusals (Status::reason) that callers decide by.

// The input, with what is to be generated, is longer than the model or its memory takes.
inline constexpr char kContextLengthExceeded[] = "context_length_exceeded";

}  // namespace pano::serving
