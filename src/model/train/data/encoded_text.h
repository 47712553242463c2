#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/tokenizer/tokenizer.h"
#include "model/train/data/row.h"
#include "model/train/data/token_places.h"

namespace pano::train {

// Texts as an encoder takes them: with the tokenizer's special tokens, at most `length` tokens.
// Immutable, so thread-safe.
class TextEncoder {
 public:
  static Result<TextEncoder> Create(tokenizer::TokenizerPtr tokenizer, int64_t length);

  // A text that is too long loses its end; the special tokens stay.
  Result<Sequence> Encode(std::string_view text) const;
  // InvalidArgument for a pair that is too long.
  Result<Sequence> EncodePair(std::string_view text, std::string_view second) const;
  // Words one by one; `tags` (one a word) become labels of each word's first token.
  Result<Sequence> EncodeWords(const std::vector<std::string>& words, const std::vector<int32_t>& tags) const;

  const Surroundings& surroundings() const { return surroundings_; }

 private:
  TextEncoder(tokenizer::TokenizerPtr tokenizer, int64_t length, Surroundings surroundings, bool joins)
      : tokenizer_(std::move(tokenizer)),
        length_(length),
        surroundings_(std::move(surroundings)),
        space_between_(joins) {}
  size_t room() const { return static_cast<size_t>(length_) - surroundings_.size(); }

  const tokenizer::TokenizerPtr tokenizer_;
  const int64_t length_;
  const Surroundings surroundings_;
  const bool space_between_;   // words need one, or the tokens would be those of one long word
};

// The member as a string, a list of strings; InvalidArgument that names it where it is none.
Result<std::string> StringOf(const json::Value& line, std::string_view key);
Result<std::vector<std::string>> StringsOf(const json::Value& line, std::string_view key);

}  // namespace pano::train
