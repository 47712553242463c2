#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace pano::streams {

// The id of an event: 1 for the first of a stream, one more for each that follows; 0 stands for the
// place before the first.
using EventId = int64_t;

// What a reader has seen last, as the header Last-Event-ID or its like says it: a decimal number
// without sign, white space or leading zeros, as `id:` fields of ours have it. "" is 0: the standard
// (WHATWG HTML, 9.2) resets the last id by an empty one. InvalidArgument for anything else.
Result<EventId> ParseLastEventId(std::string_view text);

}  // namespace pano::streams
