#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace pano::grammar {

// A trie of tokens as arrays in preorder, so that a walk goes forward and a subtree that is dead is
// jumped over. Immutable after construction, so thread-safe.
class TokenTrie {
 public:
  struct Node {
    uint8_t byte = 0;            // on the edge to this node
    uint16_t chars_below = 0;    // most characters of a token that ends here or below
    uint16_t depth = 0;          // bytes from the root; the root's children have 1
    uint32_t end = 0;            // one after the last node below
    uint32_t token_begin = 0;    // into ids(): tokens that end here come first, then those below
  };
  struct Token {
    std::string_view bytes;
    int32_t id = 0;
    uint16_t chars = 0;
  };
  static constexpr size_t kTokenBytesMax = UINT16_MAX;

  TokenTrie() = default;
  // REQUIRES: no token is empty or longer than kTokenBytesMax.
  explicit TokenTrie(std::vector<Token> tokens);

  // Without the root. nodes() has a sentinel at its end whose token_begin is ids().size().
  size_t node_count() const { return nodes_.empty() ? 0 : nodes_.size() - 1; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<int32_t>& ids() const { return ids_; }
  size_t memory_bytes() const {
    return nodes_.capacity() * sizeof(Node) + ids_.capacity() * sizeof(int32_t);
  }

 private:
  std::vector<Node> nodes_;
  std::vector<int32_t> ids_;
};

}  // namespace pano::grammar
