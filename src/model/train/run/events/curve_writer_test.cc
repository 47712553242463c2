#include "model/train/run/events/curve_writer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/strings.h"
#include "base/testing/memory_env.h"
#include "model/train/run/events/curve_svg.h"

namespace pano::train {
namespace {

void Steps(CurveWriter& writer, int64_t from, int64_t to) {
  for (int64_t step = from; step <= to; ++step) {
    ASSERT_TRUE(writer.Write(StepEvent{.step = step, .loss = 1.0 / static_cast<double>(step),
                                       .grad_norm = 2, .lr = 0.5, .items = 3, .tokens = 4,
                                       .tok_s = 5}).ok());
  }
}

TEST(CurveWriter, WritesALineAStep) {
  MemoryEnv env;
  auto writer = CurveWriter::Create("/", 0, env);
  ASSERT_TRUE(writer.ok());
  Steps(**writer, 1, 3);
  ASSERT_TRUE((*writer)->Write(EvalEvent{.step = 3, .loss = 0.75}).ok());
  EXPECT_EQ(*ReadFile("/curves.csv", 1 << 20, env),
            "event,step,loss,grad_norm,lr,items,tokens,tok_s\n"
            "step,1,1,2,0.5,3,4,5\n"
            "step,2,0.5,2,0.5,3,4,5\n"
            "step,3,0.3333333333333333,2,0.5,3,4,5\n"
            "eval,3,0.75,,,,,\n");
  const std::string svg = *ReadFile("/curves.svg", 1 << 20, env);
  EXPECT_NE(svg.find("held out"), std::string::npos);
}

// A run killed after step 5 that goes on from step 3 leaves the file of one that was not killed.
TEST(CurveWriter, AResumedRunDoesItsLinesAnew) {
  MemoryEnv whole, killed;
  {
    auto writer = CurveWriter::Create("/", 0, whole);
    Steps(**writer, 1, 7);
    ASSERT_TRUE((*writer)->Write(DoneEvent{.step = 7}).ok());
  }
  {
    auto writer = CurveWriter::Create("/", 0, killed);
    Steps(**writer, 1, 5);
  }
  auto torn = killed.Open("/curves.csv", Env::OpenMode::kAppend);
  ASSERT_TRUE(torn.ok());
  const std::string_view half = "step,6,0.16";
  ASSERT_TRUE((*torn)->WriteAll(std::as_bytes(std::span(half.data(), half.size()))).ok());
  {
    auto writer = CurveWriter::Create("/", 3, killed);
    Steps(**writer, 4, 7);
    ASSERT_TRUE((*writer)->Write(DoneEvent{.step = 7}).ok());
  }
  for (const char* path : {"/curves.csv", "/curves.svg"}) {
    EXPECT_EQ(*ReadFile(path, 1 << 20, killed), *ReadFile(path, 1 << 20, whole)) << path;
  }
}

TEST(CurveWriter, ARunThatBeginsLeavesNothingOfTheLast) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("/curves.csv", "anything", env).ok());
  ASSERT_TRUE(CurveWriter::Create("/", 0, env).ok());
  EXPECT_EQ(ReadFile("/curves.csv", 1 << 20, env)->find("anything"), std::string::npos);
}

TEST(CurvePoints, AreBoundedAndKeepTheMean) {
  CurvePoints curve(16);
  double sum = 0;
  for (int64_t step = 1; step <= 1024; ++step) {
    curve.Add(step, static_cast<double>(step));
    sum += static_cast<double>(step);
  }
  curve.Add(2000, NAN);
  curve.Add(2000, INFINITY);
  const std::vector<CurvePoint> points = curve.Points();
  EXPECT_LE(points.size(), 16U);
  EXPECT_GE(points.size(), 8U);
  double mean = 0;
  for (const CurvePoint& p : points) {
    EXPECT_DOUBLE_EQ(p.step, p.value);
    mean += p.value / static_cast<double>(points.size());
  }
  EXPECT_DOUBLE_EQ(mean, sum / 1024);
}

TEST(CurveSvg, StaysWithinItsFrame) {
  const std::vector<std::vector<CurvePoint>> shapes = {
      {}, {{1, 5}}, {{1, 5}, {2, 5}}, {{1, -1e30}, {1e9, 1e30}}, {{1, 1e-30}, {2, 2e-30}}};
  for (const auto& points : shapes) {
    const std::string svg = CurveSvg("a <b> & \"c\"", {{"train", "#000", points}});
    for (const char* no_number : {">nan", "\"nan", "-nan", ",nan", "inf"}) {
      EXPECT_EQ(svg.find(no_number), std::string::npos) << svg;
    }
    EXPECT_EQ(svg.find("<b>"), std::string::npos);
    EXPECT_LT(svg.size(), 10000U);
  }
}

}  // namespace
}  // namespace pano::train
