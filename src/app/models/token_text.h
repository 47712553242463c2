#pragma once

#include <optional>
#include <string>

#include "app/models/model_version.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::models {

// One text that shows a token to people: its bytes where they are UTF-8, "bytes:\xe4" where they
// are only a part of a character, the vocabulary's name for special tokens, "token_id:7" without a
// tokenizer.
std::string TokenText(const ModelVersion& version, tokenizer::TokenId id);

// The token's bytes; nothing for a special one and without a tokenizer.
std::optional<std::string> TokenBytes(const ModelVersion& version, tokenizer::TokenId id);

}  // namespace pano::models
