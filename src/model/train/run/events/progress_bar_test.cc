#include "model/train/run/events/progress_bar.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pano::train {
namespace {

using std::chrono::seconds;

struct Watched {
  explicit Watched(bool terminal, int columns = 100)
      : bar({.output =
                 [this](std::string_view text) {
                   shown += text;
                   return OkStatus();
                 },
             .terminal = terminal,
             .columns = columns,
             .total_steps = 100,
             .first_step = 20,
             .clock = &clock}) {}
  void Step(int64_t step) {
    clock.Advance(seconds(2));
    EXPECT_TRUE(bar.Write(StepEvent{.step = step, .loss = 2.34567, .lr = 1e-3, .tokens = 5000})
                    .ok());
  }
  ManualClock clock;
  std::string shown;
  ProgressBar bar;
};

TEST(ProgressBar, DrawsOneLineOverOnATerminal) {
  Watched watched(true);
  watched.Step(21);
  EXPECT_EQ(watched.shown, "\r[#####...................] step 21/100  loss 2.3457  lr 1.00e-03  2500 tok/s  "
                           "2:38 left\x1b[K");
  watched.shown.clear();
  ASSERT_TRUE(watched.bar.Write(NoteEvent{"a word"}).ok());
  EXPECT_EQ(watched.shown, "\r\x1b[Ka word\n");
  watched.shown.clear();
  watched.Step(22);
  EXPECT_TRUE(watched.shown.starts_with("\r["));
}

TEST(ProgressBar, NeverTakesMoreColumnsThanThereAre) {
  for (int columns : {1, 10, 40, 60, 80, 200}) {
    Watched watched(true, columns);
    watched.Step(100);
    EXPECT_LE(watched.shown.size(), static_cast<size_t>(std::max(columns, 2)) + 3) << columns;
  }
}

TEST(ProgressBar, WritesALineNowAndThenElsewhere) {
  Watched watched(false);
  for (int64_t step = 21; step <= 30; ++step) watched.Step(step);
  // The first, and each that is five seconds later.
  EXPECT_EQ(std::count(watched.shown.begin(), watched.shown.end(), '\n'), 4) << watched.shown;
  EXPECT_EQ(watched.shown.find('\r'), std::string::npos);
  watched.shown.clear();
  watched.Step(100);  // the last one always
  EXPECT_TRUE(watched.shown.starts_with("step 100/100 ")) << watched.shown;
  EXPECT_NE(watched.shown.find("0:00 left"), std::string::npos) << watched.shown;
}

TEST(ProgressBar, SaysWhatHappens) {
  Watched watched(false);
  ASSERT_TRUE(watched.bar.Write(EvalEvent{.step = 5, .loss = 1.5, .best = true}).ok());
  ASSERT_TRUE(watched.bar.Write(CheckpointEvent{.step = 5, .path = "o/step-5", .bytes = 1500000,
                                                .seconds = 0.26}).ok());
  ASSERT_TRUE(watched.bar.Write(CheckpointEvent{
      .step = 6, .status = Status(StatusCode::kExhausted, "step-6: full")}).ok());
  ASSERT_TRUE(watched.bar.Write(DoneEvent{.step = 6, .reason = "steps", .output = "o/model",
                                          .best_step = 5, .best_loss = 1.5, .seconds = 4000})
                  .ok());
  EXPECT_EQ(watched.shown,
            "step 5: held out loss 1.5000  (best)\n"
            "step 5: o/step-5, 1.5 MB in 0.3 s\n"
            "step 6: no checkpoint: step-6: full; training goes on, earlier checkpoints stand\n"
            "done at step 6 (steps) after 1:06:40, best at step 5: 1.5000; o/model\n");
}

TEST(TimeText, HasHoursWhereNeeded) {
  EXPECT_EQ(TimeText(0), "0:00");
  EXPECT_EQ(TimeText(59.6), "1:00");
  EXPECT_EQ(TimeText(3723), "1:02:03");
  EXPECT_EQ(TimeText(-1), "?");
  EXPECT_EQ(TimeText(1e300), "?");
}

}  // namespace
}  // namespace pano::train
