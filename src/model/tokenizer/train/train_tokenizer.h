#pragma once

#include <cstdint>

#include "base/json.h"
#include "base/result.h"
#include "model/tokenizer/train/sequence_source.h"
#include "model/tokenizer/train/tokenizer_recipe.h"
#include "model/tokenizer/train/word_counts.h"

namespace pano::tokenizer {

struct TrainTokenizerOptions {
  int threads = 0;                      // <= 0: all cores; the result is the same
  TokenizerLimits limits;
  TokenizerProgressFn progress;         // may be null
};

struct TrainedTokenizer {
  json::Value file;                     // tokenizer.json
  int64_t vocab_size = 0;
  int64_t merge_count = 0;              // 0 for unigram
  uint64_t sequences = 0;               // of the text
  uint64_t bytes = 0;
  uint64_t distinct_words = 0;
};

// Trains a tokenizer on the sequences of `source`. InvalidArgument with the key as its field for a
// recipe that asks for what cannot be, Corruption for text that is not UTF-8 (names the place),
// Exhausted for more distinct words than the limits allow, Cancelled when `progress` says so. The
// file is a function of recipe and text alone.
Result<TrainedTokenizer> TrainTokenizer(SequenceSource& source, const TokenizerRecipe& recipe,
                                        const TrainTokenizerOptions& options = {});

}  // namespace pano::tokenizer
