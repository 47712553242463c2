#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pano::tokenizer {

// What split patterns ask about a character, as bits. Together the general categories that matter
// and Unicode's white space, exactly as the regex engine sees them (regex.h).
enum CharClass : uint8_t {
  kUpper = 1,         // Lu, Lt
  kLower = 2,         // Ll
  kCaseless = 4,      // Lm, Lo
  kMark = 8,          // M
  kNumber = 16,       // N
  kSpace = 32,        // \s
  kPunctuation = 64,  // P
  kSymbol = 128,      // S
  kLetter = kUpper | kLower | kCaseless,
};

constexpr uint8_t AsciiClass(unsigned char c) {
  if (c >= 'A' && c <= 'Z') return kUpper;
  if (c >= 'a' && c <= 'z') return kLower;
  if (c >= '0' && c <= '9') return kNumber;
  if (c == ' ' || (c >= '\t' && c <= '\r')) return kSpace;
  if (c < ' ' || c > '~') return 0;
  constexpr char kSymbols[] = "$+<=>^`|~";
  for (size_t i = 0; kSymbols[i] != '\0'; ++i) {
    if (kSymbols[i] == static_cast<char>(c)) return kSymbol;
  }
  return kPunctuation;
}

inline constexpr std::array<uint8_t, 128> kAsciiClasses = [] {
  std::array<uint8_t, 128> classes{};
  for (size_t c = 0; c < classes.size(); ++c)
    classes[c] = AsciiClass(static_cast<unsigned char>(c));
  return classes;
}();

// Blocks of 256 characters, each filled when it is first asked for; null before.
extern std::array<std::atomic<const uint8_t*>, 0x1100> char_class_blocks;
const uint8_t* FillCharClassBlock(size_t index);

// The classes of any code point up to U+10FFFF. Thread-safe.
inline uint8_t ClassesOf(char32_t c) {
  const uint8_t* block = char_class_blocks[c >> 8].load(std::memory_order_acquire);
  if (block == nullptr) block = FillCharClassBlock(c >> 8);
  return block[c & 0xff];
}

// Does the slow part before any text is read.
void PrepareCharClasses();

}  // namespace pano::tokenizer
