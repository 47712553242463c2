#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace pano {

// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). The same (seed, counter) always gives the same bits, in any order of asking.
std::array<uint32_t, 4> Philox(uint64_t seed, uint64_t counter_low, uint64_t counter_high);

// Uniform in [0, 1) with 53 random bits, a pure function of its arguments.
double UniformAt(uint64_t seed, uint64_t stream, uint64_t position);

// A sequence of random numbers from one seed. Thread-compatible.
class Random {
 public:
  explicit Random(uint64_t seed) : seed_(seed) {}
  uint64_t Next();
  double Uniform();                 // [0, 1)
  uint64_t Below(uint64_t bound);   // [0, bound). REQUIRES: bound > 0
  double Normal();                  // mean 0, variance 1

 private:
  uint64_t seed_;
  uint64_t counter_ = 0;
};

// Bits from the operating system, for seeds and ids.
uint64_t SystemEntropy();
// `bytes` bytes of entropy as lower-case hex digits.
std::string RandomHex(size_t bytes);

}  // namespace pano
