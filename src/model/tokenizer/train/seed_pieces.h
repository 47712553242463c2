#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/tokenizer/train/word_table.h"

namespace pano::tokenizer {

struct ScoredPiece {
  std::string text;
  double score = 0;
};

// Where unigram training starts from: all characters, scored by how often they occur, and the
// substrings of two to `characters_max` characters that occur at least twice in the distinct words and
// are not always followed by the same character (the inner nodes of the words' suffix tree), scored by
// occurrences times length, best first; `count_max` in all. (SentencePiece, Kudo and Richardson, EMNLP
// 2018.) Found in a suffix array that is sorted as deep as a piece can be long.
std::vector<ScoredPiece> SeedPieces(const std::vector<CountedWord>& words, size_t characters_max,
                                    size_t count_max);

}  // namespace pano::tokenizer
