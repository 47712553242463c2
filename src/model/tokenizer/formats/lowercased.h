#pragma once

#include <string>

#include "base/result.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {

// Whether the folder is one of sentence-transformers whose settings ("do_lower_case" in
// sentence_bert_config.json) have every text lowered before the tokenizer sees it.
Result<bool> LowersTexts(const std::string& folder);

// `inner` with all texts in lower case first, special tokens written in them included.
TokenizerPtr Lowercased(TokenizerPtr inner);

}  // namespace pano::tokenizer
