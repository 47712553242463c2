#pragma once

#include <string>

#include "model/tokenizer/decode/decoder.h"
#include "model/tokenizer/normalize/normalizer.h"

namespace pano::tokenizer {

// Bytes written as characters (byte_level.h); a piece with other characters stands for itself.
DecoderStepPtr ByteLevelStep();
// "<0xNN>" is a byte; a run of them that is no well-formed text is one U+FFFD each.
DecoderStepPtr ByteFallbackStep();
// Rewrites every piece.
DecoderStepPtr ReplaceStep(NormalizerPtr replace);
// Drops up to `start` characters `content` in front of and `stop` behind every piece, or, where
// `fused`, the whole text.
DecoderStepPtr StripStep(std::string content, size_t start, size_t stop, bool fused);
// `mark` is a space; the first piece loses its marks where `prefix`.
DecoderStepPtr MetaspaceStep(std::string mark, bool prefix);

// In word_decoder_steps.cc:
// A space before every piece but the first and those that begin with `prefix`, which they lose;
// `cleanup` takes spaces before punctuation and English contractions away.
DecoderStepPtr WordPieceStep(std::string prefix, bool cleanup);
// `suffix` ends a word: a space, nothing in the last piece.
DecoderStepPtr WordEndStep(std::string suffix);

}  // namespace pano::tokenizer
