#include "model/tokenizer/normalize/charsmap.h"

#include <algorithm>

#include "base/strings.h"
#include "base/utf8.h"

namespace pano::tokenizer {
namespace {

// The longest text that a rule may be for; real tables stay below 20. A trie of a file may have cycles.
constexpr size_t kKeyBytesMax = 64;
// And the longest replacement; they stay below 40.
constexpr size_t kReplacementBytesMax = 256;

uint32_t ReadUnit(std::string_view bytes) {
  uint32_t unit = 0;
  for (size_t i = 4; i-- > 0;) unit = unit << 8 | static_cast<unsigned char>(bytes[i]);
  return unit;
}

// The parts of a unit of the double array.
bool HasLeaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t Value(uint32_t unit) { return unit & 0x7fffffff; }
uint32_t Label(uint32_t unit) { return unit & 0x800000ff; }
uint32_t Offset(uint32_t unit) { return (unit >> 10) << ((unit & 1u << 9) >> 6); }

}  // namespace

Result<CharsmapPtr> Charsmap::Parse(std::string_view bytes) {
  if (bytes.size() < 4) return Corruption("the charsmap is cut off");
  const size_t trie_bytes = ReadUnit(bytes);
  bytes.remove_prefix(4);
  if (trie_bytes >= bytes.size() || trie_bytes % 4 != 0 || trie_bytes == 0) {
    return Corruption(StrCat("a charsmap's trie of ", trie_bytes, " bytes does not fit into ", bytes.size()));
  }
  std::shared_ptr<Charsmap> map(new Charsmap());
  map->units_.reserve(trie_bytes / 4);
  for (size_t at = 0; at < trie_bytes; at += 4) map->units_.push_back(ReadUnit(bytes.substr(at)));
  map->replacements_ = bytes.substr(trie_bytes);
  if (!Utf8Valid(map->replacements_)) return Corruption("a replacement of the charsmap is no UTF-8");
  return CharsmapPtr(std::move(map));
}

Charsmap::Rule Charsmap::Find(std::string_view text, bool longest) const {
  Rule rule;
  uint32_t at = Offset(units_[0]);
  const size_t end = std::min(text.size(), kKeyBytesMax);
  for (size_t i = 0; i < end; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    at ^= byte;
    if (at >= units_.size() || byte == 0 || Label(units_[at]) != byte) break;
    const uint32_t unit = units_[at];
    at ^= Offset(unit);
    if (!HasLeaf(unit)) continue;
    if (at >= units_.size()) break;
    const size_t begin = Value(units_[at]);
    if (begin >= replacements_.size()) break;
    const std::string_view from =
        std::string_view(replacements_).substr(begin, kReplacementBytesMax + 1);
    const size_t stop = from.find('\0');
    if (stop == std::string::npos) break;
    const std::string_view found = from.substr(0, stop);
    if (!Utf8Valid(text.substr(0, i + 1)) || !Utf8Valid(found)) break;
    rule = {i + 1, found};
    if (!longest) break;
  }
  return rule;
}

}  // namespace pano::tokenizer
