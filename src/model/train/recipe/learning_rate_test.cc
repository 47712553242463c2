#include "model/train/recipe/learning_rate.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/testing/known_answers.h"

namespace pano::train {
namespace {

using Kind = Recipe::Schedule::Kind;
using Decay = Recipe::Schedule::Decay;

int64_t IntOf(const json::Value& entry, const char* key) { return entry.Find(key)->as_int(); }

Recipe::Schedule ScheduleOf(const json::Value& entry) {
  Recipe::Schedule s;
  s.warmup_steps = IntOf(entry, "warmup");
  const std::string& kind = entry.Find("kind")->as_string();
  s.kind = kind == "cosine" ? Kind::kCosine : kind == "linear" ? Kind::kLinear : kind == "wsd" ? Kind::kWsd : Kind::kConstant;
  if (const json::Value* cycles = entry.Find("num_cycles")) s.cycles = cycles->as_double();
  if (const json::Value* ratio = entry.Find("min_lr_ratio")) s.min_lr_ratio = ratio->as_double();
  if (s.kind == Kind::kWsd) {
    s.decay_steps = IntOf(entry, "decay");
    const std::string& decay = entry.Find("decay_type")->as_string();
    s.decay = decay == "linear" ? Decay::kLinear : decay == "cosine" ? Decay::kCosine : Decay::kOneMinusSqrt;
  }
  return s;
}

int64_t TotalOf(const json::Value& entry) {
  if (entry.Find("total")) return IntOf(entry, "total");
  return IntOf(entry, "warmup") + IntOf(entry, "stable") + IntOf(entry, "decay");
}

TEST(LearningRate, KnownAnswers) {
  PANO_KNOWN_ANSWERS(SharedAnswers, known, PANO_SOURCE_DIR, "golden/training/schedules.json");
  const auto text = ReadFile(known.path());
  ASSERT_TRUE(text.ok());
  const json::Value cases = json::Parse(*text).value();
  for (const json::Value& entry : cases.as_array()) {
    const json::Array& factors = entry.Find("factor")->as_array();
    for (size_t step = 0; step < factors.size(); ++step) {
      EXPECT_NEAR(LearningRateFactor(ScheduleOf(entry), static_cast<int64_t>(step), TotalOf(entry)),
                  factors[step].as_double(), 1e-12)
          << json::Dump(entry) << " step " << step;
      known.Compared(1);
    }
  }
}

TEST(LearningRate, EndsAtItsShare) {
  for (Kind kind : {Kind::kCosine, Kind::kLinear, Kind::kWsd}) {
    Recipe::Schedule s;
    s.kind = kind;
    s.min_lr_ratio = 0.25;
    s.decay_steps = 4;
    EXPECT_NEAR(LearningRateFactor(s, 0, 10), 1, 1e-12);
    EXPECT_NEAR(LearningRateFactor(s, 10, 10), 0.25, 1e-12);
  }
  Recipe::Schedule s;
  s.kind = Kind::kConstant;
  s.warmup_steps = 4;
  EXPECT_EQ(LearningRateFactor(s, 0, 10), 0);
  EXPECT_EQ(LearningRateFactor(s, 1, 10), 0.25);
  EXPECT_EQ(LearningRateFactor(s, 400, 10), 1);
}

}  // namespace
}  // namespace pano::train
