#pragma once

#include <string>
#include <vector>

#include "model/tokenizer/tokenizer.h"

namespace pano::models {

// The special tokens that spell these marks, alone or together; ascending.
std::vector<tokenizer::TokenId> SpecialTokensOf(const tokenizer::Tokenizer& tokenizer,
                                                const std::vector<std::string>& marks);

}  // namespace pano::models
