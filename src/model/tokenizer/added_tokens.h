#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/normalize/normalizer.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {

// A token that is found in the text itself, before anything else is done to it.
struct AddedToken {
  TokenId id = 0;
  std::string content;
  bool special = false;       // control: stays text where parse_special is false
  bool single_word = false;   // only where no word character stands beside it
  bool lstrip = false;        // takes the white space before it
  bool rstrip = false;        // and after it
  bool normalized = false;    // looked for in the normalised text
};

// An added token in a text, or the text between two.
struct Segment {
  size_t begin = 0;
  size_t end = 0;
  TokenId id = -1;            // -1: text
};

// Finds added tokens of one kind (normalised or not): from left to right the longest. Immutable, so
// thread-safe.
class AddedTokenFinder {
 public:
  AddedTokenFinder() = default;

  // `key` is the text to look for: the token's content, normalised where it is looked for there.
  // Empty ones are never found. Of two with the same key the first counts.
  Status Add(const AddedToken& token, std::string_view key);

  bool empty() const { return tokens_.empty(); }
  // Whether a token is among those that `plain` ranges forbid.
  bool has_markers() const { return has_markers_; }

  // Splits `text` into segments, in order, without empty ones. `plain`: ranges of `text` in which no
  // marker may begin, end or lie.
  std::vector<Segment> Find(std::string_view text, bool parse_special,
                            std::span<const ByteRange> plain) const;

 private:
  struct Node {
    int32_t token = -1;       // index of the token that ends here
    bool leaf = true;
  };
  struct Found {
    int32_t token = -1;
    size_t end = 0;
  };
  // Where from `pos` on a token may begin; the end of the text for nowhere.
  size_t NextRoot(std::string_view text, size_t pos) const;
  // The longest token at `begin`, markers left out when they would touch `plain`.
  Found Longest(std::string_view text, size_t begin, std::span<const ByteRange> plain) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_;
  std::array<int32_t, 256> roots_{};                      // node of the first byte; 0 for none
  std::optional<char> only_root_;                         // the first byte that all tokens share
  std::unordered_map<uint64_t, int32_t> edges_;           // node << 8 | byte -> node
  bool has_markers_ = false;
};

// Whether a token must stay text inside a plain range: special ones, and others that look like the
// markup of a chat template ("<|User|>", "<start_of_turn>", "[INST]"), which many files forget to
// flag. Plain tags as of HTML ("<table>") and white space are no markers.
bool IsMarker(const AddedToken& token);

}  // namespace pano::tokenizer
