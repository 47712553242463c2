#include "model/train/run/events/event_writer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <thread>

namespace pano::train {
namespace {

// Keeps what it is given; fails from a line on. Thread-safe.
class FakeSink final : public EventSink {
 public:
  explicit FakeSink(std::vector<Event>* events, size_t lines = 1000)
      : events_(events), lines_(lines) {}
  Status Write(const Event& event) override {
    if (lines_ == 0) return Status(StatusCode::kUnavailable, "broken");
    --lines_;
    events_->push_back(event);
    return {};
  }

 private:
  std::vector<Event>* events_;
  size_t lines_;
};

TEST(JsonEventWriter, WritesOneObjectALineWithUnroundedNumbers) {
  std::vector<std::string> writes;
  JsonEventWriter writer([&](std::string_view text) {
    writes.emplace_back(text);
    return OkStatus();
  });
  const double loss = 1.0 / 3, norm = std::nextafter(0.1, 1);
  ASSERT_TRUE(writer.Write(StepEvent{.step = 1, .loss = loss, .grad_norm = norm, .lr = 1e-30,
                                     .items = 5, .tokens = 7, .tok_s = 2.5,
                                     .more = {{"scale", 65536}}}).ok());
  ASSERT_TRUE(writer.Write(EvalEvent{.step = 1, .loss = NAN, .best = true}).ok());
  ASSERT_TRUE(writer.Write(CheckpointEvent{.step = 2, .path = "a\nb", .bytes = 3}).ok());
  ASSERT_TRUE(writer.Write(CheckpointEvent{
      .step = 2, .status = Status(StatusCode::kExhausted, "no room")}).ok());
  ASSERT_TRUE(writer.Write(DoneEvent{.step = 9, .reason = "steps", .best_step = 4}).ok());
  ASSERT_TRUE(writer.Write(NoteEvent{"x"}).ok());
  ASSERT_EQ(writes.size(), 6U);  // each line by itself: a reader has it at once
  std::vector<json::Value> objects;
  for (const std::string& line : writes) {
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_EQ(line.back(), '\n');
    objects.push_back(*json::Parse(line));
  }
  EXPECT_EQ(objects[0].Find("event")->as_string(), "step");
  EXPECT_EQ(objects[0].Find("loss")->as_double(), loss);
  EXPECT_EQ(objects[0].Find("grad_norm")->as_double(), norm);
  EXPECT_EQ(objects[0].Find("lr")->as_double(), 1e-30);
  EXPECT_EQ(objects[0].Find("scale")->as_double(), 65536);
  EXPECT_TRUE(objects[1].Find("loss")->is_null());
  EXPECT_EQ(objects[2].Find("path")->as_string(), "a\nb");
  EXPECT_EQ(objects[2].Find("error"), nullptr);
  EXPECT_EQ(objects[3].Find("error")->as_string(), "no room");
  EXPECT_EQ(objects[4].Find("best_step")->as_int(), 4);
  EXPECT_EQ(objects[5].Find("event")->as_string(), "note");
}

TEST(OutputOf, AReaderThatWentAwayIsAStatus) {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const TextOutput output = OutputOf(ends[1]);
  ASSERT_TRUE(output("line\n").ok());
  char buffer[16];
  EXPECT_EQ(read(ends[0], buffer, sizeof buffer), 5);
  close(ends[0]);
  EXPECT_FALSE(output("line\n").ok());
  close(ends[1]);
}

TEST(EventFanOut, DropsASinkThatFailsAndSaysSo) {
  std::vector<Event> good, bad;
  EventFanOut out;
  out.Add("curves", std::make_unique<FakeSink>(&bad, 1));
  out.Add("lines", std::make_unique<FakeSink>(&good));
  for (int64_t step = 1; step <= 3; ++step) EXPECT_TRUE(out.Write(StepEvent{.step = step}).ok());
  EXPECT_EQ(bad.size(), 1U);
  ASSERT_EQ(good.size(), 4U);  // three steps and the note
  EXPECT_EQ(std::get<NoteEvent>(good[2]).text, "no more curves: broken");
}

TEST(EventFanOut, OutlivesAllItsSinks) {
  std::vector<Event> events;
  EventFanOut out;
  for (int i = 0; i < 3; ++i) out.Add("sink", std::make_unique<FakeSink>(&events, 0));
  EXPECT_TRUE(out.Write(StepEvent{}).ok());
  EXPECT_TRUE(out.Write(StepEvent{}).ok());
  EXPECT_TRUE(events.empty());
}

TEST(JsonEventWriter, KeepsLinesOfSeveralThreadsApart) {
  std::string text;
  JsonEventWriter writer([&](std::string_view line) {
    for (char c : line) text.push_back(c);
    return OkStatus();
  });
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) EXPECT_TRUE(writer.Write(StepEvent{.step = i}).ok());
    });
  }
  threads.clear();
  size_t lines = 0;
  for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1, ++lines) {
    EXPECT_TRUE(json::Parse(text.substr(at, end - at)).ok());
  }
  EXPECT_EQ(lines, 200U);
}

}  // namespace
}  // namespace pano::train
