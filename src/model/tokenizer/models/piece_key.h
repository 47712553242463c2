#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pano::tokenizer {

// A piece of 1 to kBytesMax bytes as three words, zeros behind its end: quick to compare and to
// hash. Pieces are equal when words and lengths are.
struct PieceKey {
  static constexpr size_t kBytesMax = 24;

  std::array<uint64_t, 3> words;

  // `p` .. `p + kBytesMax` must be readable. One byte too long is allowed and gives no piece's key.
  static PieceKey Of(const char* p, size_t length) {
    const Masks& masks = kMasks[length];
    return {{Word(p) & masks[0], Word(p + 8) & masks[1], Word(p + 16) & masks[2]}};
  }
  // The same, but reads no more than the piece.
  static PieceKey Copy(const char* p, size_t length) {
    PieceKey key = {};
    std::memcpy(key.words.data(), p, std::min(length, kBytesMax));
    return key;
  }

  bool operator==(const PieceKey& other) const {
    return ((words[0] ^ other.words[0]) | (words[1] ^ other.words[1]) |
            (words[2] ^ other.words[2])) == 0;
  }

  // Use the high bits.
  uint64_t Hash(size_t length) const {
    uint64_t hash = (words[0] + length) * 0x9e3779b97f4a7c15u;
    hash ^= words[1] * 0xc2b2ae3d27d4eb4fu + words[2] * 0x165667b19e3779f9u;
    hash ^= hash >> 32;
    return hash * 0xd6e8feb86659fd93u;
  }

 private:
  static uint64_t Word(const char* p) {
    uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    return word;
  }

  using Masks = std::array<uint64_t, 3>;
  static constexpr std::array<Masks, kBytesMax + 2> MakeMasks() {
    std::array<Masks, kBytesMax + 2> made{};
    for (size_t length = 0; length <= kBytesMax + 1; ++length) {
      std::array<unsigned char, kBytesMax> bytes{};
      for (size_t i = 0; i < std::min(length, kBytesMax); ++i) bytes[i] = 0xff;
      made[length] = std::bit_cast<Masks>(bytes);
    }
    return made;
  }
  static const std::array<Masks, kBytesMax + 2> kMasks;
};

inline constexpr std::array<PieceKey::Masks, PieceKey::kBytesMax + 2> PieceKey::kMasks =
    MakeMasks();

}  // namespace pano::tokenizer
