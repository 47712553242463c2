#include "model/tokenizer/text/piece_trie.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::tokenizer {

// Breadth first over the sorted pieces: the children of a node are one run of them each.
Result<PieceTrie> PieceTrie::Build(std::vector<std::pair<std::string_view, int32_t>> pieces) {
  std::erase_if(pieces, [](const auto& piece) { return piece.first.empty(); });
  for (const auto& [piece, value] : pieces) {
    if (piece.size() > kPieceBytesMax) {
      return Unimplemented(StrCat("a piece of ", piece.size(), " bytes (id ", value, ")"));
    }
  }
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  struct Run {
    size_t begin;
    size_t end;
    size_t depth;    // bytes that all pieces of the run share
    uint32_t node;
  };
  PieceTrie trie;
  trie.nodes_.emplace_back();
  trie.labels_.push_back(0);
  std::vector<Run> level = {{0, pieces.size(), 0, 0}};
  while (!level.empty()) {
    std::vector<Run> next;
    for (const Run& run : level) {
      size_t at = run.begin;
      while (at < run.end && pieces[at].first.size() == run.depth) {
        int32_t& value = trie.nodes_[run.node].value;
        if (value < 0) value = pieces[at].second;
        ++at;
      }
      trie.nodes_[run.node].first_child = static_cast<uint32_t>(trie.nodes_.size());
      uint16_t child_count = 0;
      while (at < run.end) {
        const char byte = pieces[at].first[run.depth];
        size_t end = at;
        while (end < run.end && pieces[end].first[run.depth] == byte) ++end;
        next.push_back({at, end, run.depth + 1, static_cast<uint32_t>(trie.nodes_.size())});
        if (run.depth == 0) trie.roots_[static_cast<unsigned char>(byte)] = next.back().node;
        trie.nodes_.emplace_back();
        trie.labels_.push_back(static_cast<unsigned char>(byte));
        ++child_count;
        at = end;
      }
      trie.nodes_[run.node].child_count = child_count;
    }
    level = std::move(next);
  }
  return trie;
}

}  // namespace pano::tokenizer
