#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pano::jinja {

// Properties of single characters as Python's str methods see them. Case and classes follow the C
// library's Unicode tables (simple, one to one mappings); without such a locale ASCII only.
bool IsSpace(char32_t c);
bool IsLineBreak(char32_t c);
bool IsPrintable(char32_t c);
bool IsAlpha(char32_t c);
bool IsDigit(char32_t c);
bool IsUpper(char32_t c);
bool IsLower(char32_t c);
char32_t ToUpper(char32_t c);
char32_t ToLower(char32_t c);

// Walks well-formed UTF-8, character by character. Confined to one thread.
class CharacterCursor {
 public:
  explicit CharacterCursor(std::string_view text) : text_(text) { Read(); }
  bool done() const { return begin_ >= text_.size(); }
  char32_t value() const { return value_; }
  size_t begin() const { return begin_; }
  size_t end() const { return begin_ + length_; }
  void Next() {
    begin_ += length_;
    Read();
  }

 private:
  void Read();
  std::string_view text_;
  size_t begin_ = 0;
  size_t length_ = 0;
  char32_t value_ = 0;
};

// Characters of well-formed UTF-8.
size_t CountCharacters(std::string_view text);
// The byte where character `index` begins; text.size() beyond the end.
size_t ByteOffset(std::string_view text, size_t index);

// Where the text begins behind its leading, or ends before its trailing, characters out of `set`;
// white space when `set` is null.
size_t SkipLeading(std::string_view text, const std::string_view* set = nullptr);
size_t DropTrailing(std::string_view text, const std::string_view* set = nullptr);

}  // namespace pano::jinja
