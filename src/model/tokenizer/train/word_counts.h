#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/threads.h"
#include "model/tokenizer/train/sequence_source.h"
#include "model/tokenizer/train/word_table.h"

namespace pano::tokenizer {

// How far a training is. A value.
struct TokenizerProgress {
  std::string_view stage;   // "words", "merges", "pieces"
  uint64_t done = 0;        // bytes read; vocabulary entries
  uint64_t total = 0;       // 0: not known
};
// Answers false to end the training, which then ends in Cancelled. Called from the training's thread.
using TokenizerProgressFn = std::function<bool(const TokenizerProgress&)>;

struct TokenizerLimits {
  // Of the distinct words; beyond it the training is refused, as what follows needs some ten times
  // as much.
  size_t word_bytes_max = size_t{2} << 30;
};

// What a corpus comes down to. Thread-compatible.
struct WordCounts {
  std::vector<CountedWord> words;       // by their bytes, ascending
  std::vector<WordTable> tables;        // whose bytes they are
  uint64_t sequences = 0;
  uint64_t bytes = 0;                   // of the corpus
};

// Counts the words that `normalizer` and `pre_tokenizer` (as tokenizer.json has them; null for none)
// make of each sequence. Where the pre-tokenizer is byte-level the words are the bytes themselves.
// Corruption names the sequence that is not UTF-8. The result does not depend on the threads.
Result<WordCounts> CountWords(SequenceSource& source, const json::Value& normalizer,
                              const json::Value& pre_tokenizer, const TokenizerLimits& limits,
                              ComputePool& pool, const TokenizerProgressFn& progress);

}  // namespace pano::tokenizer
