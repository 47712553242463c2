#include "app/streams/stream_log.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::streams {
namespace {

std::unique_ptr<StreamLog> MakeLog(size_t bytes_max = 1 << 20,
                                   std::shared_ptr<LogShare> share = nullptr) {
  return std::make_unique<StreamLog>(
      StreamLog::Options{.id = "s", .bytes_max = bytes_max, .share = std::move(share)});
}

std::string Event(int id) { return StrCat("id: ", id, "\ndata: x\n\n"); }

std::string ReadAll(StreamLog& log, EventId after, size_t step = 1 << 20) {
  Result<StreamLog::ReaderId> reader = log.AddReader(after, {});
  if (!reader.ok()) return reader.error().reason();
  std::string all;
  while (true) {
    StreamLog::Piece piece = log.Read(*reader, step);
    if (piece.bytes.empty()) break;
    all += piece.bytes;
  }
  log.RemoveReader(*reader);
  return all;
}

TEST(StreamLog, EachReaderReadsFromItsOwnPlace) {
  auto log = MakeLog();
  for (int i = 0; i < 3; ++i) log->Append("", "x");
  EXPECT_EQ(log->last(), 3);
  EXPECT_EQ(ReadAll(*log, 0), Event(1) + Event(2) + Event(3));
  EXPECT_EQ(ReadAll(*log, 0, 1), Event(1) + Event(2) + Event(3));
  EXPECT_EQ(ReadAll(*log, 2), Event(3));
  EXPECT_EQ(ReadAll(*log, 3), "");
  EXPECT_EQ(ReadAll(*log, 4), "invalid_last_event_id");
  EXPECT_EQ(ReadAll(*log, -1), "invalid_last_event_id");
}

TEST(StreamLog, NamesStandBeforeIds) {
  auto log = MakeLog();
  log->Append("progress", "{}");
  EXPECT_EQ(ReadAll(*log, 0), "event: progress\nid: 1\ndata: {}\n\n");
}

TEST(StreamLog, ReadersAreToldOfMoreAndOfTheEnd) {
  auto log = MakeLog();
  int told = 0;
  auto reader = log->AddReader(0, [&] { ++told; });
  EXPECT_FALSE(log->Read(*reader, 100).ended);
  log->Append("", "x");
  EXPECT_EQ(told, 1);
  EXPECT_EQ(log->Read(*reader, 100).bytes, Event(1));
  log->End();
  EXPECT_EQ(told, 2);
  EXPECT_TRUE(log->Read(*reader, 100).ended);
  log->RemoveReader(*reader);
  EXPECT_TRUE(log->Read(*reader, 100).bytes.empty());
}

TEST(StreamLog, PausesItsProducerWhenNobodyReads) {
  auto log = MakeLog(200);
  int room = 0;
  log->SetProducer({.room = [&] { ++room; }, .cancelled = {}});
  int appended = 0;
  while (log->HasRoom()) {
    log->Append("", "x");
    ++appended;
  }
  EXPECT_GE(log->bytes(), 200u);
  EXPECT_LT(log->bytes(), 300u);
  EXPECT_EQ(log->last(), appended);
  // Nothing was dropped: whoever comes reads it whole, and makes room by it.
  auto reader = log->AddReader(0, {});
  EXPECT_EQ(log->Read(*reader, 1).bytes, Event(1));
  EXPECT_EQ(room, 1);
  EXPECT_TRUE(log->HasRoom());
}

TEST(StreamLog, DropsWhatWasGivenAndSaysSo) {
  auto log = MakeLog(200);
  auto fast = log->AddReader(0, {});
  auto slow = log->AddReader(0, {});
  std::string read;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(log->HasRoom());
    log->Append("", "x");
    read += log->Read(*fast, 1000).bytes;
  }
  std::string all;
  for (int i = 1; i <= 20; ++i) all += Event(i);
  EXPECT_EQ(read, all);
  EXPECT_LT(log->bytes(), 300u);
  EXPECT_TRUE(log->Read(*slow, 1000).lost);
  EXPECT_TRUE(log->Read(*slow, 1000).bytes.empty());
  EXPECT_EQ(ReadAll(*log, 3), "stream_events_dropped");
  EXPECT_EQ(ReadAll(*log, 19), Event(20));
}

TEST(StreamLog, AllLogsOfATenantShareOneMemory) {
  auto memory = std::make_shared<LogMemory>(300);
  auto share = std::make_shared<LogShare>(memory);
  auto one = MakeLog(1 << 20, share);
  auto two = MakeLog(1 << 20, share);
  while (one->HasRoom()) one->Append("", "x");
  EXPECT_FALSE(two->HasRoom());
  EXPECT_TRUE(two->WakeProducer());  // waits still
  one.reset();
  EXPECT_EQ(memory->bytes.load(), 0u);
  int room = 0;
  two->SetProducer({.room = [&] { ++room; }, .cancelled = {}});
  EXPECT_FALSE(two->WakeProducer());
  EXPECT_EQ(room, 1);
}

TEST(StreamLog, CancellingIsToldOnceAndLeavesRoomForTheEnd) {
  auto log = MakeLog(100);
  while (log->HasRoom()) log->Append("", "x");
  int cancelled = 0;
  log->SetProducer({.room = {}, .cancelled = [&] { ++cancelled; }});
  log->Cancel();
  log->Cancel();
  EXPECT_EQ(cancelled, 1);
  EXPECT_TRUE(log->HasRoom());
  log->Append("error", "{}");
  log->End();
  log->Cancel();
  EXPECT_EQ(cancelled, 1);
}

TEST(StreamLog, WhoCancelsBeforeThereIsAProducerIsHeard) {
  auto log = MakeLog();
  log->Cancel();
  int cancelled = 0;
  log->SetProducer({.room = {}, .cancelled = [&] { ++cancelled; }});
  EXPECT_EQ(cancelled, 1);
}

TEST(StreamLog, IsIdleWithoutReadersAndAfterItsEnd) {
  ManualClock clock;
  StreamLog log({.id = "s", .clock = &clock});
  EXPECT_EQ(log.idle_since(), clock.Now());
  auto reader = log.AddReader(0, {});
  EXPECT_FALSE(log.idle_since());
  clock.Advance(std::chrono::seconds(1));
  log.RemoveReader(*reader);
  EXPECT_EQ(log.idle_since(), clock.Now());
  auto again = log.AddReader(0, {});
  clock.Advance(std::chrono::seconds(1));
  log.End();
  EXPECT_EQ(log.idle_since(), clock.Now());
  clock.Advance(std::chrono::seconds(1));
  log.RemoveReader(*again);
  EXPECT_EQ(log.idle_since(), clock.Now() - std::chrono::seconds(1));
}

// Readers that come and go at random places, while the log is written: each sees each event once.
TEST(StreamLog, ReadersAndProducerRace) {
  constexpr int kEvents = 2000;
  auto log = MakeLog();  // nothing is dropped: a reader that leads would leave the first one behind
  auto first = log->AddReader(0, {});
  std::string whole;
  std::jthread producer = StartThread("producer", [&](const std::stop_token&) {
    for (int i = 0; i < kEvents; ++i) {
      while (!log->HasRoom()) std::this_thread::yield();
      log->Append("", "x");
    }
    log->End();
  });
  std::jthread resuming = StartThread("resuming", [&](const std::stop_token&) {
    Random random(7);
    EventId seen = 0;
    while (!log->ended()) {
      auto reader = log->AddReader(seen, [] {});
      if (!reader.ok()) {
        EXPECT_EQ(reader.error().reason(), "stream_events_dropped");
        seen = log->last();
        continue;
      }
      const StreamLog::Piece piece = log->Read(*reader, random.Below(500));
      if (!piece.bytes.empty()) {
        EXPECT_TRUE(piece.bytes.starts_with(StrCat("id: ", seen + 1, "\n")));
        for (char c : piece.bytes) seen += c == 'x';
      }
      log->RemoveReader(*reader);
    }
  });
  for (bool ended = false; !ended;) {
    const StreamLog::Piece piece = log->Read(*first, 1 << 20);
    whole += piece.bytes;
    ended = piece.ended;
    ASSERT_FALSE(piece.lost);
  }
  std::string all;
  for (int i = 1; i <= kEvents; ++i) all += Event(i);
  EXPECT_EQ(whole, all);
}

}  // namespace
}  // namespace pano::streams
