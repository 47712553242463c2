#include "model/train/loss_scaler.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/testing/known_answers.h"

namespace pano::train {
namespace {

// Scales by the step after which they changed.
TEST(LossScaler, KnownAnswers) {
  PANO_KNOWN_ANSWERS(SharedAnswers, known, PANO_SOURCE_DIR, "golden/training/scaler/cases.json");
  const json::Value file = json::Parse(ReadFile(known.path()).value()).value();
  for (const json::Value& one : file.Find("cases")->as_array()) {
    const std::string& name = one.Find("name")->as_string();
    auto number = [&](const char* key) { return one.Find(key)->as_double(); };
    LossScaler scaler({number("init_scale"), number("growth_factor"), number("backoff_factor"), one.Find("growth_interval")->as_int()});
    const json::Value& expected = *one.Find("expected");
    const json::Array& changes = expected.Find("changes")->as_array();
    size_t change = 0;
    int64_t step = 0, skipped = 0;
    double before = scaler.scale();
    for (const json::Value& run : one.Find("runs")->as_array()) {
      const bool overflow = run.as_array()[1].as_string() != "ok";
      for (int64_t i = 0; i < run.as_array()[0].as_int(); ++i, ++step) {
        scaler.Update(overflow);
        skipped += overflow;
        // The first entry is what the scale is after step 0, changed or not.
        if (scaler.scale() == before && step != 0) continue;
        before = scaler.scale();
        ASSERT_LT(change, changes.size()) << name << " step " << step;
        EXPECT_EQ(changes[change].as_array()[0].as_int(), step) << name;
        EXPECT_EQ(changes[change].as_array()[1].as_double(), scaler.scale()) << name << " step " << step;
        ++change;
        known.Compared(1);
      }
    }
    EXPECT_EQ(change, changes.size()) << name;
    EXPECT_EQ(step, expected.Find("steps")->as_int()) << name;
    EXPECT_EQ(skipped, expected.Find("skipped")->as_int()) << name;
    EXPECT_EQ(scaler.scale(), expected.Find("final_scale")->as_double()) << name;
    EXPECT_EQ(scaler.good_steps(), expected.Find("final_growth_tracker")->as_int()) << name;
  }
}

TEST(LossScaler, GoesOnFromWhereItWas) {
  LossScaler a({.growth_interval = 3}), b({.growth_interval = 3});
  for (bool overflow : {false, true, false, false}) a.Update(overflow);
  b.Restore(a.scale(), a.good_steps());
  a.Update(false);
  b.Update(false);
  EXPECT_EQ(a.scale(), 65536.0);
  EXPECT_EQ(b.scale(), a.scale());
  EXPECT_EQ(b.good_steps(), 0);
}

}  // namespace
}  // namespace pano::train
