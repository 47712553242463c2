#include "model/tokenizer/text/byte_level.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace pano::tokenizer {
namespace {

constexpr bool Prints(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

struct Tables {
  std::array<uint16_t, 256> character{};   // of a byte
  std::array<int16_t, 0x144> byte{};       // of a character, -1 for none
};

constexpr Tables MakeTables() {
  Tables tables;
  tables.byte.fill(-1);
  uint16_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    tables.character[byte] = Prints(byte) ? static_cast<uint16_t>(byte) : next++;
    tables.byte[tables.character[byte]] = static_cast<int16_t>(byte);
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

}  // namespace

void AppendByteLevel(std::string& out, std::string_view bytes) {
  for (char byte : bytes) {
    const uint16_t c = kTables.character[static_cast<unsigned char>(byte)];
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else {  // all are below U+0800: two bytes
      out += static_cast<char>(0xc0 | (c >> 6));
      out += static_cast<char>(0x80 | (c & 0x3f));
    }
  }
}

std::optional<std::string> FromByteLevel(std::string_view text) {
  std::string bytes;
  for (size_t pos = 0; pos < text.size();) {
    const size_t length = Utf8Length(text.substr(pos));
    if (length == 0) return std::nullopt;
    const char32_t c = Utf8Decode(text.substr(pos), length);
    if (c >= kTables.byte.size() || kTables.byte[c] < 0) return std::nullopt;
    bytes += static_cast<char>(kTables.byte[c]);
    pos += length;
  }
  return bytes;
}

}  // namespace pano::tokenizer
