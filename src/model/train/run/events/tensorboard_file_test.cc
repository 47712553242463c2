#include "model/train/run/events/tensorboard_file.h"

#include <gtest/gtest.h>

#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"
#include "model/train/run/events/record_file.h"

namespace pano::train {
namespace {

TensorBoardContents ReadBack(Env& env, const std::string& path) {
  auto contents = ReadTensorBoard(*ReadFile(path, 1 << 20, env));
  EXPECT_TRUE(contents.ok()) << contents.error().ToString();
  return *contents;
}

TEST(TensorBoardWriter, WritesEachEventAtOnce) {
  MemoryEnv env;
  double now = 100.5;
  auto writer = TensorBoardWriter::Create(
      {.folder = "/tb", .wall_time = [&] { return now; }, .env = &env});
  ASSERT_TRUE(writer.ok()) << writer.error().ToString();
  EXPECT_TRUE((*writer)->path().starts_with("/tb/events.out.tfevents.100."));
  now = 101;
  StepEvent step{.step = 7, .loss = 2.5, .grad_norm = 0.125, .lr = 1e-3, .tok_s = 99,
                 .more = {{"scale", 65536}}};
  ASSERT_TRUE((*writer)->Write(step).ok());
  ASSERT_TRUE((*writer)->Write(EvalEvent{.step = 7, .loss = 3, .more = {{"accuracy", 0.5}}}).ok());
  ASSERT_TRUE((*writer)->Write(NoteEvent{"nothing to draw"}).ok());
  const TensorBoardContents contents = ReadBack(env, (*writer)->path());
  ASSERT_EQ(contents.events.size(), 3U);
  EXPECT_EQ(contents.events[0].file_version, kTensorBoardVersion);
  EXPECT_EQ(contents.events[0].wall_time, 100.5);
  EXPECT_EQ(contents.events[1].step, 7);
  ASSERT_EQ(contents.events[1].scalars.size(), 5U);
  EXPECT_EQ(contents.events[1].scalars[0].tag, "train/loss");
  EXPECT_EQ(contents.events[1].scalars[0].value, 2.5F);
  EXPECT_EQ(contents.events[1].scalars[4].tag, "train/scale");
  EXPECT_EQ(contents.events[2].scalars[1].tag, "eval/accuracy");
}

TEST(TensorBoardWriter, AResumedRunDropsWhatItDoesAgain) {
  MemoryEnv env;
  for (int64_t first_step : {0, 20}) {
    auto writer =
        TensorBoardWriter::Create({.folder = "/tb", .first_step = first_step, .env = &env});
    ASSERT_TRUE(writer.ok());
    const TensorBoardContents contents = ReadBack(env, (*writer)->path());
    ASSERT_EQ(contents.events.size(), first_step ? 2U : 1U);
    EXPECT_EQ(contents.events.back().session_start, first_step > 0);
    EXPECT_EQ(contents.events.back().step, first_step);
  }
  EXPECT_EQ(env.List("/tb")->size(), 2U);
}

TEST(ReadTensorBoard, SaysWhereAFileBreaks) {
  std::string file = FrameRecord(EncodeTensorBoardEvent({.wall_time = 1, .step = 1}));
  const size_t second = file.size();
  file += FrameRecord(EncodeTensorBoardEvent({.wall_time = 2, .step = 2}));
  EXPECT_EQ(ReadTensorBoard(file)->events.size(), 2U);
  const auto cut = ReadTensorBoard(std::string_view(file).substr(0, file.size() - 1));
  ASSERT_TRUE(cut.ok());
  EXPECT_TRUE(cut->cut_off);
  EXPECT_EQ(cut->events.size(), 1U);
  file[second + 13] = 'X';
  const auto broken = ReadTensorBoard(file);
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.error().message().find(std::to_string(second)), std::string::npos);
  EXPECT_TRUE(ReadTensorBoard("")->events.empty());
}

TEST(TensorBoardEvent, PassesOverWhatIsNoScalar) {
  // An image (Summary.Value.image, field 4) beside a scalar, a graph (Event.graph_def, field 4).
  std::string image_value = std::string("\x0a\x02im\x22\x02zz", 8);
  std::string scalar_value = std::string("\x0a\x01x\x15\x00\x00\x80\x3f", 8);
  std::string summary = std::string("\x0a\x08", 2) + image_value + "\x0a\x08" + scalar_value;
  std::string event = std::string("\x2a", 1) + static_cast<char>(summary.size()) + summary +
                      std::string("\x22\x01g", 3);
  const auto decoded = DecodeTensorBoardEvent(event);
  ASSERT_TRUE(decoded.ok()) << decoded.error().ToString();
  ASSERT_EQ(decoded->scalars.size(), 1U);
  EXPECT_EQ(decoded->scalars[0].value, 1.0F);
}

TEST(TensorBoardWriter, AFullDiskIsAStatusThatNamesTheFile) {
  MemoryEnv env;
  auto writer = TensorBoardWriter::Create({.folder = "/tb", .env = &env});
  ASSERT_TRUE(writer.ok());
  env.SetCapacity(0);
  const Status status = (*writer)->Write(StepEvent{.step = 1});
  EXPECT_EQ(status.reason(), "disk_full");
  EXPECT_NE(status.message().find("tfevents"), std::string::npos);
}

}  // namespace
}  // namespace pano::train
