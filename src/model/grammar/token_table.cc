#include "model/grammar/token_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/grammar/code_points.h"

namespace pano::grammar {
namespace {

// Classes of characters from narrow to wide; each takes in those before it. Free text allows all of
// them, an identifier the first, and none of them ends a JSON string or escapes in it.
std::vector<std::vector<CodePointRange>> Classes() {
  const std::vector<CodePointRange> word = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  const std::vector<CodePointRange> ascii = {{' ', '!'}, {'#', '['}, {']', '~'}};
  const std::vector<CodePointRange> text = {{' ', '!'}, {'#', '['}, {']', '~'}, {0x80, kCodePointMax}};
  return {word, ascii, text};
}

bool Contains(const std::vector<CodePointRange>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](const CodePointRange& r) { return r.first <= c && c <= r.last; });
}

// The first class that has every character of the token, and how many they are. The number of
// classes where a character is of none or the bytes are not whole characters.
std::pair<size_t, uint16_t> Classify(std::string_view bytes,
                                     const std::vector<std::vector<CodePointRange>>& classes) {
  size_t found = 0;
  uint16_t chars = 0;
  while (!bytes.empty() && found < classes.size()) {
    const size_t length = Utf8Length(bytes);
    if (length == 0) return {classes.size(), 0};
    const char32_t c = Utf8Decode(bytes, length);
    while (found < classes.size() && !Contains(classes[found], c)) ++found;
    bytes.remove_prefix(length);
    ++chars;
  }
  return {found, chars};
}

}  // namespace

Result<std::shared_ptr<const TokenTable>> TokenTable::Create(std::span<const std::string> tokens) {
  constexpr size_t kTokensMax = 16 << 20, kBytesMax = 1 << 30;
  size_t bytes = 0;
  for (const std::string& token : tokens) bytes += token.size();
  if (tokens.size() > kTokensMax || bytes > kBytesMax) {
    return Status(StatusCode::kExhausted, StrCat("[grammar] vocabulary of ", tokens.size(),
                                                 " tokens with ", bytes, " bytes is too large"));
  }
  std::shared_ptr<TokenTable> out(new TokenTable());
  out->bytes_.reserve(bytes);
  out->begin_.reserve(tokens.size() + 1);
  out->begin_.push_back(0);
  for (const std::string& token : tokens) {
    if (token.size() <= TokenTrie::kTokenBytesMax) out->bytes_ += token;
    out->begin_.push_back(static_cast<uint32_t>(out->bytes_.size()));
  }
  const std::vector<std::vector<CodePointRange>> classes = Classes();
  std::vector<std::vector<TokenTrie::Token>> tokens_of(2 * (classes.size() + 1));
  for (int32_t id = 0; id < out->vocab_size(); ++id) {
    const std::string_view token = out->Bytes(id);
    if (token.empty()) continue;
    const auto [found, chars] = Classify(token, classes);
    const size_t half = token.size() > kShortBytes ? classes.size() + 1 : 0;
    tokens_of[half + found].push_back({token, id, chars});
  }
  out->memory_bytes_ = out->bytes_.capacity() + out->begin_.capacity() * sizeof(uint32_t);
  for (size_t i = 0; i < tokens_of.size(); ++i) {
    const size_t class_number = i % (classes.size() + 1);
    out->AddPart(class_number < classes.size() ? Utf8Automaton(classes[class_number]) : ByteAutomaton{},
                 std::move(tokens_of[i]));
  }
  return std::shared_ptr<const TokenTable>(std::move(out));
}

void TokenTable::AddPart(ByteAutomaton character, std::vector<TokenTrie::Token> tokens) {
  // Beyond so many characters only the mask of all tokens is kept.
  constexpr uint16_t kLengthsMax = 32;
  Part part;
  part.character = std::move(character);
  if (!part.character.states.empty()) {
    for (const TokenTrie::Token& token : tokens) part.chars_max = std::max(part.chars_max, token.chars);
    const size_t lengths = std::min(part.chars_max, kLengthsMax);
    part.allowed_up_to.assign(lengths, std::vector<uint32_t>(mask_words(), 0));
    for (const TokenTrie::Token& token : tokens) {
      const auto id = static_cast<uint32_t>(token.id);
      // The last mask has the longer ones, too.
      const size_t from = std::min<size_t>(token.chars, lengths);
      part.allowed_up_to[from - 1][id / 32] |= 1u << (id % 32);
    }
    for (size_t n = 1; n < lengths; ++n) {
      for (size_t word = 0; word < mask_words(); ++word) {
        part.allowed_up_to[n][word] |= part.allowed_up_to[n - 1][word];
      }
    }
    memory_bytes_ += lengths * mask_words() * sizeof(uint32_t);
  }
  part.trie = TokenTrie(std::move(tokens));
  memory_bytes_ += part.trie.memory_bytes();
  parts_.push_back(std::move(part));
}

std::string_view TokenTable::Bytes(int32_t id) const {
  if (id < 0 || id >= vocab_size()) return {};
  return std::string_view(bytes_).substr(begin_[static_cast<size_t>(id)],
                                         begin_[static_cast<size_t>(id) + 1] -
                                             begin_[static_cast<size_t>(id)]);
}

}  // namespace pano::grammar
