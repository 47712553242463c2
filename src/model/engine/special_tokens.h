#pragma once

#include "model/engine/options.h"
#include "model/nn/load.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::engine {

// Sets what answers begin with and end at: every end token that the model's files name, the
// tokenizer's own among them. What config.json alone names counts only where it is no ordinary piece
// of text: published files have such ids left over from another vocabulary.
// `tokenizer` may be null.
void SetSpecialTokens(const nn::SpecialTokens& files, const tokenizer::Tokenizer* tokenizer,
                      Options& options);

}  // namespace pano::engine
