#include "model/tokenizer/train/seed_pieces.h"

#include <algorithm>
#include <bit>
#include <map>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"

namespace pano::tokenizer {
namespace {

// The words one after the other as small numbers, each word with a 0 behind it. U+0000 is a 0 too:
// nothing spans it.
struct CodedText {
  std::vector<uint32_t> codes;         // in the order of the characters
  std::vector<char32_t> characters;    // by code
  std::map<char32_t, uint64_t> counts;
};

CodedText Code(const std::vector<CountedWord>& words) {
  CodedText out;
  size_t size = 0;
  for (const CountedWord& word : words) {
    for (std::string_view text = word.text; !text.empty(); ++size) {
      const size_t length = Utf8Length(text);
      PANO_CHECK(length > 0);
      const char32_t c = Utf8Decode(text, length);
      if (c != 0) out.counts[c] += word.count;
      text.remove_prefix(length);
    }
    ++size;
  }
  std::map<char32_t, uint32_t> code_of;
  out.characters.push_back(0);
  for (const auto& [c, count] : out.counts) {
    code_of[c] = static_cast<uint32_t>(out.characters.size());
    out.characters.push_back(c);
  }
  out.codes.reserve(size);
  for (const CountedWord& word : words) {
    for (std::string_view text = word.text; !text.empty();) {
      const size_t length = Utf8Length(text);
      const char32_t c = Utf8Decode(text, length);
      out.codes.push_back(c == 0 ? 0 : code_of.find(c)->second);
      text.remove_prefix(length);
    }
    out.codes.push_back(0);
  }
  return out;
}

// The suffixes that begin with a character, sorted by their first `depth` codes; one ends behind its
// first 0. Confined to one thread.
class TruncatedSuffixArray {
 public:
  TruncatedSuffixArray(const std::vector<uint32_t>& codes, size_t code_count, size_t depth)
      : codes_(codes), depth_(depth) {
    const int bits = std::max(1, static_cast<int>(std::bit_width(code_count - 1)));
    packed_ = std::min(depth, static_cast<size_t>(64 / bits));
    for (size_t begin = 0; begin < codes.size(); ++begin) {
      if (codes[begin] != 0) suffixes_.push_back({Pack(begin, bits), begin});
    }
    std::sort(suffixes_.begin(), suffixes_.end(), [this](const Suffix& a, const Suffix& b) {
      return a.key != b.key ? a.key < b.key : Compare(a.begin, b.begin);
    });
  }

  size_t size() const { return suffixes_.size(); }
  size_t begin(size_t rank) const { return suffixes_[rank].begin; }
  // Codes that the suffix has in common with the one before, a 0 included, `depth` at most.
  size_t Common(size_t rank) const {
    const size_t a = suffixes_[rank - 1].begin;
    const size_t b = suffixes_[rank].begin;
    size_t common = 0;
    while (common < depth_ && codes_[a + common] == codes_[b + common]) {
      if (codes_[a + common++] == 0) break;
    }
    return common;
  }

 private:
  struct Suffix {
    uint64_t key = 0;   // the first codes, which decide most comparisons
    size_t begin = 0;
  };

  uint64_t Pack(size_t begin, int bits) const {
    uint64_t key = 0;
    bool ended = false;
    for (size_t i = 0; i < packed_; ++i) {
      const uint32_t code = ended ? 0 : codes_[begin + i];
      ended = ended || code == 0;
      key = (key << bits) | code;
    }
    return key;
  }
  // Between equal keys; from the start, since both may end within them.
  bool Compare(size_t a, size_t b) const {
    for (size_t i = 0; i < depth_; ++i) {
      if (codes_[a + i] != codes_[b + i]) return codes_[a + i] < codes_[b + i];
      if (codes_[a + i] == 0) return false;
    }
    return false;
  }

  const std::vector<uint32_t>& codes_;
  const size_t depth_;
  size_t packed_ = 0;
  std::vector<Suffix> suffixes_;
};

struct Substring {
  uint64_t score = 0;
  size_t begin = 0;
  size_t length = 0;
};

// Every inner node of the suffix tree that can be a piece: an interval of the suffix array that has
// `length` codes in common and would have fewer if it were wider.
std::vector<Substring> InnerNodes(const std::vector<uint32_t>& codes, const TruncatedSuffixArray& suffixes,
                                  size_t characters_max) {
  struct Open {
    size_t length = 0;
    size_t first = 0;
  };
  std::vector<Substring> out;
  std::vector<Open> open;
  for (size_t rank = 1; rank <= suffixes.size(); ++rank) {
    const size_t common = rank < suffixes.size() ? suffixes.Common(rank) : 0;
    size_t first = rank - 1;
    while (!open.empty() && open.back().length > common) {
      const Open node = open.back();
      open.pop_back();
      first = node.first;
      const size_t begin = suffixes.begin(node.first);
      if (node.length < 2 || node.length > characters_max || codes[begin + node.length - 1] == 0) continue;
      out.push_back({(rank - node.first) * node.length, begin, node.length});
    }
    if (common > 0 && (open.empty() || open.back().length < common)) open.push_back({common, first});
  }
  return out;
}

}  // namespace

std::vector<ScoredPiece> SeedPieces(const std::vector<CountedWord>& words, size_t characters_max,
                                    size_t count_max) {
  const CodedText text = Code(words);
  const TruncatedSuffixArray suffixes(text.codes, text.characters.size(), characters_max + 1);
  std::vector<Substring> nodes = InnerNodes(text.codes, suffixes, characters_max);

  std::vector<std::pair<uint64_t, char32_t>> characters;
  for (const auto& [c, count] : text.counts) characters.emplace_back(count, c);
  std::sort(characters.rbegin(), characters.rend());
  std::vector<ScoredPiece> pieces;
  for (const auto& [count, c] : characters) {
    ScoredPiece& piece = pieces.emplace_back();
    Utf8Append(piece.text, c);
    piece.score = static_cast<double>(count);
  }

  const auto better = [&](const Substring& a, const Substring& b) {
    if (a.score != b.score) return a.score > b.score;
    const auto of = [&](const Substring& s) {
      const auto begin = text.codes.begin() + static_cast<std::ptrdiff_t>(s.begin);
      return std::pair(begin, begin + static_cast<std::ptrdiff_t>(s.length));
    };
    const auto [a_begin, a_end] = of(a);
    const auto [b_begin, b_end] = of(b);
    return std::lexicographical_compare(b_begin, b_end, a_begin, a_end);
  };
  const size_t room = count_max > pieces.size() ? count_max - pieces.size() : 0;
  if (nodes.size() > room) {
    std::nth_element(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(room), nodes.end(), better);
    nodes.resize(room);
  }
  std::sort(nodes.begin(), nodes.end(), better);
  for (const Substring& node : nodes) {
    ScoredPiece& piece = pieces.emplace_back();
    for (size_t i = 0; i < node.length; ++i) {
      Utf8Append(piece.text, text.characters[text.codes[node.begin + i]]);
    }
    piece.score = static_cast<double>(node.score);
  }
  return pieces;
}

}  // namespace pano::tokenizer
