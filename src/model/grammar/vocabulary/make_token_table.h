#pragma once

#include <memory>

#include "base/result.h"
#include "model/grammar/token_table.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::grammar {

// The table of a tokenizer's vocabulary: each id with the bytes that it stands for inside a text.
// Special tokens and ids without a piece are never allowed. Takes some tenths of a second for a
// vocabulary of 150,000; build it once for a model.
Result<std::shared_ptr<const TokenTable>> MakeTokenTable(const tokenizer::Tokenizer& tokenizer);

}  // namespace pano::grammar
