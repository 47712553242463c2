// Event files that torch and tensorboardX wrote: every frame is read as TensorBoard's own reader
// says, and written by us again to the same bytes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/train/run/events/crc32c.h"
#include "model/train/run/events/record_file.h"
#include "model/train/run/events/tensorboard_file.h"

namespace pano::train {
namespace {

json::Value LoadJson(const std::string& path) {
  Result<std::string> text = ReadFile(path);
  EXPECT_TRUE(text.ok()) << path;
  Result<json::Value> value = json::Parse(*text, {.allow_nan = true});
  EXPECT_TRUE(value.ok()) << value.error().ToString();
  return *value;
}

std::string Hex(std::string_view bytes) {
  std::string out;
  for (unsigned char c : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", c);
    out += digits;
  }
  return out;
}

float FloatOf(const json::Value& value) {
  if (value.is_number()) return static_cast<float>(value.as_double());
  const std::string& text = value.as_string();
  if (text.starts_with("-")) return -INFINITY;
  return text.find("an") != std::string::npos ? NAN : INFINITY;
}

bool SameFloat(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// Compares one frame with what is expected of it.
void Compare(const Record& record, const json::Value& expected) {
  EXPECT_EQ(static_cast<int64_t>(record.payload.size()), expected.Find("payload_bytes")->as_int());
  EXPECT_EQ(record.masked_crc_length, expected.Find("masked_crc_length")->as_int());
  EXPECT_EQ(record.masked_crc_data, expected.Find("masked_crc_data")->as_int());
  auto event = DecodeTensorBoardEvent(record.payload);
  ASSERT_TRUE(event.ok()) << event.error().ToString();
  if (const json::Value* version = expected.Find("file_version")) {
    EXPECT_EQ(event->file_version, version->as_string());
    return;
  }
  EXPECT_EQ(event->wall_time, expected.Find("wall_time")->as_double());
  EXPECT_EQ(event->step, expected.Find("step")->as_int());
  ASSERT_EQ(event->scalars.size(), 1U);
  EXPECT_EQ(event->scalars[0].tag, expected.Find("tag")->as_string());
  EXPECT_TRUE(SameFloat(event->scalars[0].value, FloatOf(*expected.Find("value"))));
  EXPECT_EQ(event->scalars[0].field == TensorBoardScalar::Field::kTensor,
            expected.Find("field")->as_string() == "tensor");
}

TEST(TensorBoardAnswers, FramesAreReadAndWrittenToTheBit) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/training/tensorboard");
  const json::Value expected = LoadJson(JoinPath(answers.path(), "expected.json"));
  for (const json::Value& vector : expected.Find("crc32c")->as_array()) {
    const std::string& text = vector.Find("text")->as_string();
    const auto bytes = std::as_bytes(std::span(text));
    EXPECT_EQ(Crc32c(bytes), vector.Find("crc32c")->as_int()) << text;
    EXPECT_EQ(MaskedCrc32c(bytes), vector.Find("masked")->as_int()) << text;
    answers.Compared(2);
  }
  std::printf("%-40s %7s %7s %10s\n", "file", "frames", "bytes", "identical");
  for (const auto& [name, frames] : expected.Find("files")->as_object()) {
    SCOPED_TRACE(name);
    Result<std::string> file = ReadFile(JoinPath(answers.path(), name));
    ASSERT_TRUE(file.ok());
    std::string_view rest = *file;
    std::string written;
    for (const json::Value& frame : frames.as_array()) {
      auto record = TakeRecord(rest);
      ASSERT_TRUE(record.ok()) << record.error().ToString();
      Compare(*record, frame);
      auto event = DecodeTensorBoardEvent(record->payload);
      ASSERT_TRUE(event.ok());
      written += FrameRecord(EncodeTensorBoardEvent(*event));
    }
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(Hex(written), Hex(*file));
    std::printf("%-40s %7zu %7zu %10s\n", name.c_str(), frames.as_array().size(), file->size(),
                written == *file ? "all" : "NO");
    answers.Compared(frames.as_array().size());
    EXPECT_EQ(ReadTensorBoard(*file)->events.size(), frames.as_array().size());
  }
  for (const auto& [name, hex] : expected.Find("first_payload_hex")->as_object()) {
    TensorBoardEvent event;
    const json::Value& frame = expected.Find("files")->Find(name)->as_array()[1];
    event.wall_time = frame.Find("wall_time")->as_double();
    event.step = frame.Find("step")->as_int();
    event.scalars = {{frame.Find("tag")->as_string(), FloatOf(*frame.Find("value")),
                      frame.Find("field")->as_string() == "tensor"
                          ? TensorBoardScalar::Field::kTensor
                          : TensorBoardScalar::Field::kSimpleValue}};
    EXPECT_EQ(Hex(EncodeTensorBoardEvent(event)), hex.as_string()) << name;
    answers.Compared(1);
  }
}

}  // namespace
}  // namespace pano::train
