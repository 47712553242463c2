#include "model/grammar/regex/char_set.h"

#include <gtest/gtest.h>

namespace pano::grammar {
namespace {

TEST(CharSetTest, RangesAreSortedJoinedAndWithoutSurrogates) {
  const CharSet set({{'x', 'z'}, {'a', 'c'}, {'d', 'f'}, {0xd000, 0xe001}, {0x10fff0, 0xffffffff}});
  const std::vector<CharRange> expected = {
      {'a', 'f'}, {'x', 'z'}, {0xd000, 0xd7ff}, {0xe000, 0xe001}, {0x10fff0, 0x10ffff}};
  EXPECT_EQ(set.ranges(), expected);
  EXPECT_TRUE(CharSet({{'b', 'a'}}).empty());
  EXPECT_TRUE(CharSet::Of(0xd800).empty());
}

TEST(CharSetTest, OperationsAgreeWithMembership) {
  const CharSet a({{'a', 'm'}, {0x4e00, 0x9fff}});
  const CharSet b({{'f', 'z'}, {0x5000, 0x5000}, {0xe000, 0xe000}});
  for (char32_t c : {U'`', U'a', U'e', U'f', U'm', U'n', U'z', U'{', U'\u4dff', U'\u4e00', U'\u5000',
                     U'\u9fff', U'\ud7ff', U'\ue000', U'\U0010ffff'}) {
    EXPECT_EQ(a.Union(b).Contains(c), a.Contains(c) || b.Contains(c)) << static_cast<uint32_t>(c);
    EXPECT_EQ(a.Intersect(b).Contains(c), a.Contains(c) && b.Contains(c)) << static_cast<uint32_t>(c);
    EXPECT_EQ(a.Complement().Contains(c), !a.Contains(c)) << static_cast<uint32_t>(c);
    EXPECT_EQ(a.Subtract(b).Contains(c), a.Contains(c) && !b.Contains(c)) << static_cast<uint32_t>(c);
  }
  EXPECT_EQ(CharSet::Any().Count(), 0x110000u - 0x800u);
  EXPECT_EQ(CharSet().Complement(), CharSet::Any());
  EXPECT_TRUE(CharSet::Any().Complement().empty());
  EXPECT_EQ(a.Complement().Complement(), a);
}

}  // namespace
}  // namespace pano::grammar
