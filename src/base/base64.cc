#include "base/base64.h"

#include <cstdint>

namespace pano {
namespace {

constexpr size_t kGroup = 4;  // digits, of three bytes

int DigitOf(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

std::optional<std::string> FromBase64(std::string_view text, const Base64Rule& rule) {
  if (rule.padding_required || text.ends_with('=')) {
    if (text.size() % kGroup != 0) return std::nullopt;
    if (text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
  }
  if (text.size() % kGroup == 1) return std::nullopt;  // six bits are no byte
  std::string bytes;
  bytes.reserve(text.size() / kGroup * 3 + 2);
  uint32_t bits = 0;
  int held = 0;  // bits that are not written yet
  for (const char c : text) {
    const int digit = DigitOf(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>((bits >> held) & 0xff));
    bits &= (1u << held) - 1;
  }
  if (rule.spare_bits_checked && bits != 0) return std::nullopt;
  return bytes;
}

}  // namespace pano
