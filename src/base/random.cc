#include "base/random.h"

#include <sys/random.h>

#include <cmath>

#include "base/check.h"

namespace pano {

std::array<uint32_t, 4> Philox(uint64_t seed, uint64_t counter_low, uint64_t counter_high) {
  std::array<uint32_t, 4> x = {
      static_cast<uint32_t>(counter_low), static_cast<uint32_t>(counter_low >> 32),
      static_cast<uint32_t>(counter_high), static_cast<uint32_t>(counter_high >> 32)};
  auto k0 = static_cast<uint32_t>(seed);
  auto k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t{0xD2511F53} * x[0];
    uint64_t p1 = uint64_t{0xCD9E8D57} * x[2];
    x = {static_cast<uint32_t>(p1 >> 32) ^ x[1] ^ k0, static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ x[3] ^ k1, static_cast<uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return x;
}

namespace {
double ToUnit(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }
uint64_t Low64(const std::array<uint32_t, 4>& x) {
  return (static_cast<uint64_t>(x[1]) << 32) | x[0];
}
}  // namespace

double UniformAt(uint64_t seed, uint64_t stream, uint64_t position) {
  return ToUnit(Low64(Philox(seed, position, stream)));
}

uint64_t Random::Next() { return Low64(Philox(seed_, counter_++, 0)); }
double Random::Uniform() { return ToUnit(Next()); }

uint64_t Random::Below(uint64_t bound) {
  PANO_CHECK(bound > 0);
  // The bias of a 128-bit product is below bound / 2^64.
  return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
}

double Random::Normal() {
  double u = 1.0 - Uniform();
  double v = Uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * M_PI * v);
}

uint64_t SystemEntropy() {
  uint64_t bits = 0;
  PANO_CHECK(getrandom(&bits, sizeof bits, 0) == sizeof bits);
  return bits;
}

std::string RandomHex(size_t bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  uint64_t bits = 0;
  for (size_t i = 0; i < bytes; ++i) {
    if (i % 8 == 0) bits = SystemEntropy();
    out.push_back(kHex[(bits >> 4) & 15]);
    out.push_back(kHex[bits & 15]);
    bits >>= 8;
  }
  return out;
}

}  // namespace pano
