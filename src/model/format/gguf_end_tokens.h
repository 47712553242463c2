#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace pano::format {

// Whether a token of this text ends an answer wherever a GGUF vocabulary has it: files often name one
// end token in their keys and leave the end of a chat turn to its well-known text, as llama.cpp reads
// them ("<|im_end|>", "<end_of_turn>", "<|eot_id|>", ...).
bool IsEndTokenText(std::string_view text);

// The ids that end an answer, each once: those of the keys (eos_token_id first, then eot, eom and the
// separators of fill-in-the-middle), then those whose text is one of the above. A text that ends a part
// of an answer only is left out: "<|end|>" beside "<|return|>" and "<|call|>" (Harmony).
std::vector<int32_t> GgufEndTokens(const json::Value& metadata);

}  // namespace pano::format
