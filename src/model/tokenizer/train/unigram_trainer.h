#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/threads.h"
#include "model/tokenizer/train/seed_pieces.h"
#include "model/tokenizer/train/tokenizer_recipe.h"
#include "model/tokenizer/train/word_counts.h"

namespace pano::tokenizer {

// Learns a unigram language model (Kudo, "Subword Regularization", ACL 2018) as SentencePiece and HF
// tokenizers do: from the seed pieces on, rounds of two steps of expectation maximisation and a
// pruning that keeps three quarters, those whose loss would cost the likelihood most, until a tenth
// too many are left; then the vocabulary is filled up, all characters of the text first. Answers the
// special tokens (score 0), then the pieces, best first. The result does not depend on the threads.
Result<std::vector<ScoredPiece>> LearnUnigram(const WordCounts& words, const TokenizerRecipe& recipe,
                                              ComputePool& pool, const TokenizerProgressFn& progress);

}  // namespace pano::tokenizer
