#include "model/train/sha256.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace pano::train {
namespace {

using State = std::array<uint32_t, 8>;

// The first 32 bits of the fractional part of the cube root of the first 64 primes.
std::array<uint32_t, 64> RoundConstants() {
  std::array<uint32_t, 64> out{};
  size_t count = 0;
  for (uint32_t n = 2; count < out.size(); ++n) {
    bool prime = true;
    for (uint32_t d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
    if (!prime) continue;
    long double root = std::cbrt(static_cast<long double>(n));
    out[count++] = static_cast<uint32_t>((root - std::floor(root)) * 4294967296.0L);
  }
  return out;
}

void AddBlock(State& state, const unsigned char* block) {
  static const std::array<uint32_t, 64> kRound = RoundConstants();
  std::array<uint32_t, 64> w{};
  for (size_t i = 0; i < 16; ++i) {
    for (size_t b = 0; b < 4; ++b) w[i] = (w[i] << 8) | block[4 * i + b];
  }
  for (size_t i = 16; i < 64; ++i) {
    uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
    uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  State v = state;
  for (size_t i = 0; i < 64; ++i) {
    uint32_t s1 = std::rotr(v[4], 6) ^ std::rotr(v[4], 11) ^ std::rotr(v[4], 25);
    uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    uint32_t t1 = v[7] + s1 + choice + kRound[i] + w[i];
    uint32_t s0 = std::rotr(v[0], 2) ^ std::rotr(v[0], 13) ^ std::rotr(v[0], 22);
    uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    v = {t1 + s0 + majority, v[0], v[1], v[2], v[3] + t1, v[4], v[5], v[6]};
  }
  for (size_t i = 0; i < 8; ++i) state[i] += v[i];
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  State state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::string rest(bytes.substr(bytes.size() / 64 * 64));
  rest.push_back('\x80');
  while (rest.size() % 64 != 56) rest.push_back('\0');
  uint64_t bit_count = static_cast<uint64_t>(bytes.size()) * 8;
  for (int shift = 56; shift >= 0; shift -= 8)
    rest.push_back(static_cast<char>(bit_count >> shift));

  auto data = reinterpret_cast<const unsigned char*>(bytes.data());
  for (size_t at = 0; at + 64 <= bytes.size(); at += 64) AddBlock(state, data + at);
  auto tail = reinterpret_cast<const unsigned char*>(rest.data());
  for (size_t at = 0; at < rest.size(); at += 64) AddBlock(state, tail + at);

  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (uint32_t word : state) {
    for (int shift = 28; shift >= 0; shift -= 4) out.push_back(kDigits[(word >> shift) & 15]);
  }
  return out;
}

}  // namespace pano::train
