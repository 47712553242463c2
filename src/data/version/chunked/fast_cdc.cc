#include "data/version/chunked/fast_cdc.h"

#include <algorithm>
#include <bit>

namespace pano::chunked {
namespace {

// A random number for each byte: SplitMix64 from a fixed seed. Other numbers would cut elsewhere;
// what was stored stays readable.
constexpr std::array<uint64_t, 256> MakeGear() {
  std::array<uint64_t, 256> gear{};
  uint64_t state = 0x70616e6f63646331;  // "panocdc1"
  for (uint64_t& number : gear) {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    number = z ^ (z >> 31);
  }
  return gear;
}
constexpr std::array<uint64_t, 256> kGear = MakeGear();

constexpr uint32_t kAverageMin = 256, kAverageMax = 1u << 20;

}  // namespace

CutRule RuleFor(uint64_t file_bytes) {
  return {std::clamp(
      static_cast<uint32_t>(std::bit_floor(std::min<uint64_t>(file_bytes / 8192, kAverageMax))),
      kAverageMin, kAverageMax)};
}

bool IsValid(const CutRule& rule) {
  return rule.average >= kAverageMin && rule.average <= kAverageMax &&
         std::has_single_bit(rule.average);
}

size_t FirstChunk(std::span<const std::byte> bytes, const CutRule& rule) {
  const size_t end = std::min<size_t>(bytes.size(), rule.most());
  if (end <= rule.least()) return end;
  const int bits = std::countr_zero(rule.average);
  // A cut is less likely before the average than behind it: sizes gather around it. The upper bits
  // of the hash depend on the last 64 bytes, the lower ones on fewer.
  const int rare = 64 - (bits + 2), frequent = 64 - (bits - 2);
  const size_t middle = std::min<size_t>(end, rule.average);
  uint64_t hash = 0;
  size_t at = rule.least();
  for (; at < middle; ++at) {
    hash = (hash << 1) + kGear[static_cast<uint8_t>(bytes[at])];
    if ((hash >> rare) == 0) return at + 1;
  }
  for (; at < end; ++at) {
    hash = (hash << 1) + kGear[static_cast<uint8_t>(bytes[at])];
    if ((hash >> frequent) == 0) return at + 1;
  }
  return end;
}

}  // namespace pano::chunked
