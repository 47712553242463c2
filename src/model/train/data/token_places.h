#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::train {

// The ids of a text, and which bytes of it each stands for.
struct PlacedTokens {
  std::vector<int32_t> ids;
  std::vector<tokenizer::ByteRange> places;   // ascending; may be empty, may share a character
};

// InvalidArgument where the tokenizer does not give the text back (it lowercases, drops or replaces
// characters), so that nobody can say where its tokens stand.
Result<PlacedTokens> EncodeWithPlaces(const tokenizer::Tokenizer& tokenizer, std::string_view text,
                                      const tokenizer::EncodeOptions& options);

// Whether the ranges (ascending and disjoint) have a byte in common with each token.
std::vector<bool> Overlaps(const std::vector<tokenizer::ByteRange>& places,
                           const std::vector<tokenizer::ByteRange>& ranges);

// What a tokenizer puts before and behind one text by itself, BOS or [CLS] and [SEP].
struct Surroundings {
  std::vector<int32_t> before, behind;
  size_t size() const { return before.size() + behind.size(); }
};
Result<Surroundings> SurroundingsOf(const tokenizer::Tokenizer& tokenizer);

}  // namespace pano::train
