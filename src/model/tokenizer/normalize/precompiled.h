#pragma once

#include "model/tokenizer/normalize/charsmap.h"
#include "model/tokenizer/normalize/normalizer.h"

namespace pano::tokenizer {

// The "Precompiled" normalizer of tokenizer.json. It reads SentencePiece's rules its own way: a grapheme
// cluster of less than six bytes becomes what its shortest ruled beginning becomes, else each of its
// characters does.
NormalizerPtr PrecompiledNormalizer(CharsmapPtr rules);

}  // namespace pano::tokenizer
