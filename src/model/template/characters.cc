#include "model/template/characters.h"

#include <clocale>
#include <cwctype>

#include "base/utf8.h"

namespace pano::jinja {
namespace {

// Made once and kept for the life of the process.
locale_t UnicodeLocale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

wint_t Wide(char32_t c) { return static_cast<wint_t>(c); }

bool InFormatRange(char32_t c) {
  return c == 0xad || (c >= 0x600 && c <= 0x605) || c == 0x61c || c == 0x6dd || c == 0x70f ||
         (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
         (c >= 0xe000 && c <= 0xf8ff) || c >= 0xe0000;
}

// The last character's first byte. REQUIRES: text is not empty.
size_t LastCharacter(std::string_view text) {
  size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
  return begin;
}

bool Matches(std::string_view character, const std::string_view* set) {
  if (set) return set->find(character) != std::string_view::npos;
  const size_t length = Utf8Length(character);
  return length > 0 && IsSpace(Utf8Decode(character, length));
}

}  // namespace

bool IsSpace(char32_t c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f) || c == 0x85 ||
         c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
         c == 0x202f || c == 0x205f || c == 0x3000;
}

bool IsLineBreak(char32_t c) {
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

bool IsPrintable(char32_t c) {
  if (c < 0x7f) return c >= 0x20;
  if (c < 0xa0 || IsSpace(c) || InFormatRange(c)) return false;
  return !UnicodeLocale() || iswprint_l(Wide(c), UnicodeLocale()) != 0;
}

bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }

bool IsAlpha(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return UnicodeLocale() && iswalpha_l(Wide(c), UnicodeLocale()) != 0;
}

bool IsUpper(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z';
  return UnicodeLocale() && iswupper_l(Wide(c), UnicodeLocale()) != 0;
}

bool IsLower(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z';
  return UnicodeLocale() && iswlower_l(Wide(c), UnicodeLocale()) != 0;
}

char32_t ToUpper(char32_t c) {
  if (c < 0x80) return IsLower(c) ? c - 32 : c;
  return UnicodeLocale() ? static_cast<char32_t>(towupper_l(Wide(c), UnicodeLocale())) : c;
}

char32_t ToLower(char32_t c) {
  if (c < 0x80) return IsUpper(c) ? c + 32 : c;
  return UnicodeLocale() ? static_cast<char32_t>(towlower_l(Wide(c), UnicodeLocale())) : c;
}

void CharacterCursor::Read() {
  if (done()) return;
  length_ = Utf8Length(text_.substr(begin_));
  if (length_ == 0) {
    length_ = 1;
    value_ = 0xfffd;
    return;
  }
  value_ = Utf8Decode(text_.substr(begin_), length_);
}

size_t CountCharacters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

size_t ByteOffset(std::string_view text, size_t index) {
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
    if (index == 0) return i;
    --index;
  }
  return text.size();
}

size_t SkipLeading(std::string_view text, const std::string_view* set) {
  size_t begin = 0;
  while (begin < text.size()) {
    size_t length = Utf8Length(text.substr(begin));
    if (length == 0) length = 1;
    if (!Matches(text.substr(begin, length), set)) break;
    begin += length;
  }
  return begin;
}

size_t DropTrailing(std::string_view text, const std::string_view* set) {
  while (!text.empty()) {
    const size_t begin = LastCharacter(text);
    if (!Matches(text.substr(begin), set)) break;
    text = text.substr(0, begin);
  }
  return text.size();
}

}  // namespace pano::jinja
