#pragma once

#include <cstdint>

namespace pano::tokenizer {

// Index of an entry in a vocabulary. Negative values name no token.
using TokenId = int32_t;

}  // namespace pano::tokenizer
