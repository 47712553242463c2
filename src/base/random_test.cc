#include "base/random.h"

#include <gtest/gtest.h>

namespace pano {
namespace {

// Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
TEST(Random, PhiloxMatchesKnownAnswers) {
  std::array<uint32_t, 4> zero = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  EXPECT_EQ(Philox(0, 0, 0), zero);
  std::array<uint32_t, 4> ones = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
  EXPECT_EQ(Philox(~0ull, ~0ull, ~0ull), ones);
}

TEST(Random, UniformIsAFunctionOfItsPlace) {
  EXPECT_EQ(UniformAt(1, 2, 3), UniformAt(1, 2, 3));
  EXPECT_NE(UniformAt(1, 2, 3), UniformAt(1, 2, 4));
  EXPECT_NE(UniformAt(1, 2, 3), UniformAt(1, 3, 3));
  double sum = 0;
  for (uint64_t i = 0; i < 10000; ++i) sum += UniformAt(7, 0, i);
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

TEST(Random, HexHasTheAskedLength) { EXPECT_EQ(RandomHex(12).size(), 24u); }

}  // namespace
}  // namespace pano
