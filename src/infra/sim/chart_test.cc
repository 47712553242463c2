#include "infra/sim/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace pano::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ChartTest, DrawsLinesAndEscapesText) {
  const std::string svg = DrawSvg({.title = "a < b & \"c\"", .x_label = "bytes", .y_label = "s", .footer = "simulated",
                                   .series = {{.name = "ring", .points = {{1e3, 1e-3}, {1e6, 1}}}, {.name = "tree", .points = {{1e3, 1}}, .dashed = true}}});
  EXPECT_THAT(svg, HasSubstr("a &lt; b &amp; &quot;c&quot;"));
  EXPECT_THAT(svg, HasSubstr("points=\"80.0,440.0 650.0,50.0\""));
  EXPECT_THAT(svg, HasSubstr("stroke-dasharray"));
  EXPECT_THAT(svg, HasSubstr(">1e6<"));
}

TEST(ChartTest, LeavesOutWhatHasNoPlace) {
  const std::string svg = DrawSvg({.title = {}, .x_label = {}, .y_label = {}, .footer = {}, .series = {{.name = "x", .points = {{0, 1}, {1, -1}, {std::numeric_limits<double>::infinity(), 1}}}}});
  EXPECT_THAT(svg, HasSubstr("points=\"\""));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace pano::sim
