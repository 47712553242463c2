#include "model/train/run/record/evaluations.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pano::train {
namespace {

TEST(Evaluations, KnowTheBestAndWhenToStop) {
  Evaluations evaluations;
  EXPECT_FALSE(evaluations.Add(5, NAN));  // a NaN is never best, and counts against patience
  EXPECT_EQ(evaluations.best_step(), -1);
  EXPECT_TRUE(evaluations.Add(10, 2.0));
  EXPECT_FALSE(evaluations.Add(20, 2.0));  // no better
  EXPECT_FALSE(evaluations.Add(30, INFINITY));
  EXPECT_FALSE(evaluations.ShouldStop(3));
  EXPECT_TRUE(evaluations.ShouldStop(2));
  EXPECT_FALSE(evaluations.ShouldStop(0));
  EXPECT_TRUE(evaluations.Add(40, std::nextafter(2.0, 0.0)));
  EXPECT_EQ(evaluations.best_step(), 40);
  EXPECT_EQ(evaluations.since_best(), 0);
}

TEST(Evaluations, AreRestoredToTheBit) {
  Evaluations evaluations;
  for (int pass = 0; pass < 3; ++pass) {
    auto again = Evaluations::FromJson(*json::Parse(json::Dump(evaluations.ToJson())));
    ASSERT_TRUE(again.ok()) << again.error().ToString();
    EXPECT_EQ(again->best_step(), evaluations.best_step());
    EXPECT_EQ(again->best_loss(), evaluations.best_loss());
    EXPECT_EQ(again->since_best(), evaluations.since_best());
    evaluations.Add(pass, pass == 0 ? 0.1 + 0.2 : 1.0);
  }
}

TEST(Evaluations, RefuseWhatTheyDidNotWrite) {
  for (const char* text : {"null", "{}", R"({"best_step":-2,"best_loss":null,"since_best":0})",
                           R"({"best_step":3,"best_loss":null,"since_best":0})",
                           R"({"best_step":-1,"best_loss":1.0,"since_best":0})",
                           R"({"best_step":3,"best_loss":1.0,"since_best":-1})",
                           R"({"best_step":3,"best_loss":"1","since_best":1})"}) {
    EXPECT_EQ(Evaluations::FromJson(*json::Parse(text)).error().code(), StatusCode::kCorruption)
        << text;
  }
}

}  // namespace
}  // namespace pano::train
