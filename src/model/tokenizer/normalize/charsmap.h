#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::tokenizer {

// The precompiled normalisation rules of SentencePiece: what to put for which text, as a double-array
// trie (Aoe, 1989, in Darts-clone's layout) and the replacements behind each other, each ended by a zero
// byte. Every step is checked, so no such table can make us read outside it. Immutable, so thread-safe.
class Charsmap {
 public:
  struct Rule {
    size_t length = 0;             // of the text that is replaced; 0: there is no rule
    std::string_view replacement;  // may be empty
  };

  // From the bytes of "precompiled_charsmap". Corruption when they are no such table.
  static Result<std::shared_ptr<const Charsmap>> Parse(std::string_view bytes);

  // The rule for the longest or shortest beginning of `text` that has one.
  Rule Longest(std::string_view text) const { return Find(text, /*longest=*/true); }
  Rule Shortest(std::string_view text) const { return Find(text, /*longest=*/false); }

 private:
  Charsmap() = default;
  Rule Find(std::string_view text, bool longest) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

using CharsmapPtr = std::shared_ptr<const Charsmap>;

}  // namespace pano::tokenizer
