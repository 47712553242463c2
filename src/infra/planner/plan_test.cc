#include "infra/planner/plan.h"

#include <gtest/gtest.h>

namespace pano::planner {
namespace {

TEST(Plan, IsReadAsItIsWritten) {
  ParallelPlan p;
  p.dp = 2;
  p.tp = 4;
  p.pp = 8;
  p.global_batch = 64;
  p.micro_batch = 2;
  p.seq = 2048;
  p.zero = 1;
  p.recompute = Recompute::kSelective;
  p.sequence_parallel = true;
  p.virtual_stages = 3;
  p.dtype = "f16";
  p.flash_attention = true;
  const auto read = ParsePlan(PlanJson(p));
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(json::Dump(PlanJson(*read)), json::Dump(PlanJson(p)));
  EXPECT_EQ(p.microbatches(), 16);
  EXPECT_EQ(p.ranks(), 64);
}

TEST(Plan, WrongFieldsAreNamed) {
  struct Case {
    const char* text;
    const char* field;
  };
  for (const Case& c : {Case{R"({"dp": 0})", "dp"}, Case{R"({"tp": 1.5})", "tp"}, Case{R"({"zero": 4})", "zero"},
                        Case{R"({"recompute": "some"})", "recompute"}, Case{R"({"schedule": "gpipe"})", "schedule"},
                        Case{R"({"sequence_parallel": 1})", "sequence_parallel"}, Case{R"({"dtype": "f32"})", "dtype"},
                        Case{R"({"schedule": "1f1b", "virtual_stages": 2})", "schedule"},
                        Case{R"({"micro_batch": 99999999999999999999})", "micro_batch"}}) {
    const auto value = json::Parse(c.text);
    ASSERT_TRUE(value.ok());
    const auto plan = ParsePlan(*value);
    ASSERT_FALSE(plan.ok()) << c.text;
    EXPECT_EQ(plan.error().field(), c.field) << plan.error().message();
  }
  EXPECT_FALSE(ParsePlan(json::Value(json::Array())).ok());
}

TEST(Memory, PartsAddUp) {
  Memory m{.weights = 1, .kv = 2, .activations = 3, .workspace = 4, .optimizer = 5, .gradients = 6, .other = 7, .capacity = 28};
  EXPECT_EQ(m.total(), 28);
  EXPECT_TRUE(m.fits());
  m.capacity = 27;
  EXPECT_FALSE(m.fits());
  EXPECT_EQ(MemoryJson(m).Find("total")->as_int(), 28);
}

}  // namespace
}  // namespace pano::planner
