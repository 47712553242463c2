#include "pano/plan/picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::plan {
namespace {

using ::testing::HasSubstr;

TEST(Picture, UnitsAreBoth) {
  EXPECT_EQ(BothUnits(420e9), "420.00 GB (391.16 GiB)");   // the guide's two numbers
  EXPECT_EQ(BothUnits(1 << 20), "1.0 MB (1.0 MiB)");
}

TEST(Picture, BarsAreSharesOfTheCapacity) {
  planner::Memory m{.weights = int64_t{40} << 30, .kv = int64_t{20} << 30, .capacity = int64_t{80} << 30};
  const std::string bars = MemoryBars(m, 72);
  EXPECT_THAT(bars, HasSubstr("weights     ##########.........."));
  EXPECT_THAT(bars, HasSubstr("kv          #####..............."));
  EXPECT_THAT(bars, HasSubstr("total       ===============....."));
  EXPECT_THAT(bars, HasSubstr("42.95 GB (40.00 GiB)"));
  EXPECT_EQ(bars.find("optimizer"), bars.npos);
}

TEST(Picture, SvgSaysWhatDoesNotFit) {
  const planner::Memory m{.weights = 100, .capacity = 50};
  const std::string svg = MemorySvg(m, "a <b> & c");
  EXPECT_THAT(svg, HasSubstr("a &lt;b&gt; &amp; c"));
  EXPECT_THAT(svg, HasSubstr("does not fit"));
  EXPECT_THAT(svg, HasSubstr("width=\"680.00\""));
  EXPECT_THAT(MemorySvg({}, ""), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace pano::plan
