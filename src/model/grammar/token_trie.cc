#include "model/grammar/token_trie.h"

#include <algorithm>
#include <cstddef>

namespace pano::grammar {

TokenTrie::TokenTrie(std::vector<Token> tokens) {
  std::sort(tokens.begin(), tokens.end(), [](const Token& a, const Token& b) {
    return a.bytes != b.bytes ? a.bytes < b.bytes : a.id < b.id;
  });
  ids_.reserve(tokens.size());
  std::vector<uint32_t> path;    // the nodes along the token before
  std::string_view before;
  const auto close = [&](size_t depth) {
    for (; path.size() > depth; path.pop_back()) {
      Node& node = nodes_[path.back()];
      node.end = static_cast<uint32_t>(nodes_.size());
      if (path.size() > 1) {
        Node& parent = nodes_[path[path.size() - 2]];
        parent.chars_below = std::max(parent.chars_below, node.chars_below);
      }
    }
  };
  for (const Token& token : tokens) {
    const auto common = static_cast<size_t>(
        std::mismatch(before.begin(), before.end(), token.bytes.begin(), token.bytes.end()).first -
        before.begin());
    close(common);
    for (size_t i = common; i < token.bytes.size(); ++i) {
      path.push_back(static_cast<uint32_t>(nodes_.size()));
      nodes_.push_back({static_cast<uint8_t>(token.bytes[i]), 0, static_cast<uint16_t>(i + 1), 0,
                        static_cast<uint32_t>(ids_.size())});
    }
    Node& last = nodes_[path.back()];
    last.chars_below = std::max(last.chars_below, token.chars);
    ids_.push_back(token.id);
    before = token.bytes;
  }
  close(0);
  nodes_.push_back({0, 0, 0, 0, static_cast<uint32_t>(ids_.size())});
  nodes_.shrink_to_fit();
}

}  // namespace pano::grammar
