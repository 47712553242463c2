#include "model/tokenizer/added_tokens.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/text/regex.h"

// A byte trie over all added tokens, its edges in one hash map. From left to right, positions whose
// first byte begins no token are skipped by a table (or memchr where all tokens share their first
// byte); at the others the longest token wins that its flags and the plain ranges allow.

namespace pano::tokenizer {
namespace {

constexpr size_t kKeyBytesMax = 1024;   // bounds the steps at each place of a text

bool IsSpace(char32_t c) {
  return (c >= 0x9 && c <= 0xd) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

// Where the last character of `text` begins. REQUIRES: not empty, well-formed.
size_t LastCharacter(std::string_view text) {
  size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
  return begin;
}

size_t WithoutSpaceAtEnd(std::string_view text) {
  while (!text.empty()) {
    const size_t last = LastCharacter(text);
    const size_t length = Utf8Length(text.substr(last));
    if (length == 0 || !IsSpace(Utf8Decode(text.substr(last), length))) break;
    text = text.substr(0, last);
  }
  return text.size();
}

size_t SpaceAtStart(std::string_view text) {
  size_t pos = 0;
  while (pos < text.size()) {
    const size_t length = Utf8Length(text.substr(pos));
    if (length == 0 || !IsSpace(Utf8Decode(text.substr(pos), length))) break;
    pos += length;
  }
  return pos;
}

// Whether a token stands between characters that are no letters, marks, digits, connectors or joiners
// (classes as in every split: regex.h). Confined to one call.
class WordTest {
 public:
  bool StandsAlone(std::string_view text, size_t begin, size_t end) {
    const std::string_view before = text.substr(0, begin);
    if (!before.empty() && IsWord(before.substr(LastCharacter(before)))) return false;
    return end >= text.size() || !IsWord(text.substr(end, Utf8Length(text.substr(end))));
  }

 private:
  bool IsWord(std::string_view character) {
    static const RegexPtr word = [] {
      Result<RegexPtr> made =
          Regex::CompilePcre2("[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}]");
      PANO_CHECK(made.ok());
      return *made;
    }();
    if (!matcher_) matcher_.emplace(*word);
    return matcher_->Matches(character).value_or(false);
  }

  std::optional<Regex::Matcher> matcher_;   // made when first needed
};

bool Touches(std::span<const ByteRange> ranges, size_t begin, size_t end) {
  const auto range = std::upper_bound(ranges.begin(), ranges.end(), begin,
                                      [](size_t at, const ByteRange& r) { return at < r.end; });
  return range != ranges.end() && range->begin < end;
}

}  // namespace

bool IsMarker(const AddedToken& token) {
  if (token.special) return true;
  const std::string_view text = Trim(token.content);
  const bool angle = text.starts_with('<') && text.ends_with('>');
  const bool square = text.starts_with('[') && text.ends_with(']');
  if (text.size() < 3 || (!angle && !square)) return false;
  if (square) return true;
  std::string_view name = text.substr(1, text.size() - 2);
  if (name.starts_with('/')) name.remove_prefix(1);
  const bool tag = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
  return !tag;
}

Status AddedTokenFinder::Add(const AddedToken& token, std::string_view key) {
  if (key.empty()) return {};
  if (key.size() > kKeyBytesMax) {
    return Unimplemented(StrCat("an added token of ", key.size(), " bytes (id ", token.id, ")"));
  }
  if (nodes_.empty()) nodes_.emplace_back();   // index 0 means none
  if (tokens_.empty()) only_root_ = key[0];
  if (only_root_ != key[0]) only_root_.reset();
  int32_t node = 0;
  for (size_t i = 0; i < key.size(); ++i) {
    const auto byte = static_cast<unsigned char>(key[i]);
    int32_t& next = i == 0 ? roots_[byte] : edges_[static_cast<uint64_t>(node) << 8 | byte];
    if (next == 0) {
      next = static_cast<int32_t>(nodes_.size());
      nodes_.emplace_back();
    }
    nodes_[static_cast<size_t>(node)].leaf = false;
    node = next;
  }
  if (nodes_[static_cast<size_t>(node)].token >= 0) return {};
  nodes_[static_cast<size_t>(node)].token = static_cast<int32_t>(tokens_.size());
  tokens_.push_back(token);
  has_markers_ = has_markers_ || IsMarker(token);
  return {};
}

size_t AddedTokenFinder::NextRoot(std::string_view text, size_t pos) const {
  if (only_root_) return std::min(text.find(*only_root_, pos), text.size());
  while (pos < text.size() && roots_[static_cast<unsigned char>(text[pos])] == 0) ++pos;
  return pos;
}

AddedTokenFinder::Found AddedTokenFinder::Longest(std::string_view text, size_t begin,
                                                  std::span<const ByteRange> plain) const {
  Found found;
  int32_t node = roots_[static_cast<unsigned char>(text[begin])];
  for (size_t end = begin + 1; node != 0; ++end) {
    const Node& here = nodes_[static_cast<size_t>(node)];
    if (here.token >= 0) {
      const AddedToken& token = tokens_[static_cast<size_t>(here.token)];
      if (!IsMarker(token) || !Touches(plain, begin, end)) found = {here.token, end};
    }
    if (here.leaf || end >= text.size()) break;
    const auto edge =
        edges_.find(static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(text[end]));
    if (edge == edges_.end()) break;
    node = edge->second;
  }
  return found;
}

std::vector<Segment> AddedTokenFinder::Find(std::string_view text, bool parse_special,
                                            std::span<const ByteRange> plain) const {
  std::vector<Segment> segments;
  size_t done = 0;        // everything before is in segments
  size_t space_end = 0;   // of the white space that was looked at last: never look twice
  WordTest words;
  if (!empty()) {
    for (size_t pos = 0; pos < text.size();) {
      pos = NextRoot(text, pos);
      if (pos == text.size()) break;
      const Found found = Longest(text, pos, plain);
      if (found.token < 0) {
        ++pos;
        continue;
      }
      const AddedToken& token = tokens_[static_cast<size_t>(found.token)];
      size_t begin = pos;
      size_t end = pos = found.end;   // a match that does not count is passed over all the same
      if (token.special && !parse_special) continue;
      if (token.single_word && !words.StandsAlone(text, begin, end)) continue;
      if (token.lstrip && done < begin) begin = done + WithoutSpaceAtEnd(text.substr(done, begin - done));
      if (token.rstrip) {
        if (end >= space_end) space_end = end + SpaceAtStart(text.substr(end));
        end = space_end;
      }
      if (done < begin) segments.push_back({done, begin, -1});
      segments.push_back({begin, end, token.id});
      done = end;   // may lie behind pos: a token inside the space that was taken still counts
    }
  }
  if (done < text.size()) segments.push_back({done, text.size(), -1});
  return segments;
}

}  // namespace pano::tokenizer
