#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pano::tokenizer {

// The byte that a piece "<0xNN>" stands for; nothing for other pieces. Either case of the digits counts.
inline std::optional<unsigned char> ByteOfPiece(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || !piece.ends_with('>')) return std::nullopt;
  unsigned value = 0;
  for (char c : piece.substr(3, 2)) {
    if (c >= '0' && c <= '9') value = value * 16 + static_cast<unsigned>(c - '0');
    else if (c >= 'A' && c <= 'F') value = value * 16 + static_cast<unsigned>(c - 'A') + 10;
    else if (c >= 'a' && c <= 'f') value = value * 16 + static_cast<unsigned>(c - 'a') + 10;
    else return std::nullopt;
  }
  return static_cast<unsigned char>(value);
}

// "<0xNN>" with upper-case digits.
inline std::string PieceOfByte(unsigned char byte) {
  constexpr char kHex[] = "0123456789ABCDEF";
  return {'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'};
}

}  // namespace pano::tokenizer
