#include "app/streams/stream_store.h"

#include <gtest/gtest.h>

#include <thread>

namespace pano::streams {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kMine = "1:me";
constexpr std::string_view kTheirs = "1:you";

StreamStore::Options Small() {
  return {.retention = 10s, .log_bytes_max = 1 << 20, .bytes_total_max = 300};
}

TEST(StreamStore, FindsForTheOwnerOnly) {
  ManualClock clock;
  StreamStore store(Small(), clock);
  auto log = store.Create(std::string(kMine), "a", "t");
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(*store.Find(kMine, "a"), *log);
  auto theirs = store.Find(kTheirs, "a");
  auto unknown = store.Find(kMine, "b");
  ASSERT_FALSE(theirs.ok());
  EXPECT_EQ(theirs.error().code(), StatusCode::kNotFound);
  // The same words, but for the id that was asked for.
  EXPECT_EQ(store.Find(kTheirs, "b").error().message(), unknown.error().message());
  EXPECT_EQ(theirs.error().message(), store.Find("nobody", "a").error().message());
  EXPECT_FALSE(store.Delete(kTheirs, "a").ok());
  EXPECT_TRUE(store.Find(kMine, "a").ok());
}

TEST(StreamStore, OneIdIsOneStreamOfItsOwner) {
  ManualClock clock;
  StreamStore store(Small(), clock);
  auto first = store.Create(std::string(kMine), "a", "t");
  auto again = store.Create(std::string(kMine), "a", "t");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), StatusCode::kAlreadyExists);
  auto other = store.Create(std::string(kTheirs), "a", "t");
  ASSERT_TRUE(other.ok());
  EXPECT_NE(*other, *first);
  // Kept after its end, so refused still; free once its time is over.
  (*first)->End();
  EXPECT_FALSE(store.Create(std::string(kMine), "a", "t").ok());
  clock.Advance(10s);
  auto next = store.Create(std::string(kMine), "a", "t");
  ASSERT_TRUE(next.ok());
  EXPECT_NE(*next, *first);
}

TEST(StreamStore, KeepsWhatEndedForTheRetention) {
  ManualClock clock;
  StreamStore store(Small(), clock);
  auto log = store.Create(std::string(kMine), "a", "t");
  (*log)->End();
  clock.Advance(9s);
  EXPECT_TRUE(store.Find(kMine, "a").ok());
  clock.Advance(1s);
  EXPECT_FALSE(store.Find(kMine, "a").ok());
  store.Sweep();
  EXPECT_EQ(store.count(), 0u);
}

TEST(StreamStore, CancelsWhatNobodyReads) {
  ManualClock clock;
  StreamStore store(Small(), clock);
  auto unread = *store.Create(std::string(kMine), "a", "t");
  auto read = *store.Create(std::string(kMine), "b", "t");
  int cancelled = 0;
  unread->SetProducer({.room = {}, .cancelled = [&] { ++cancelled; }});
  read->SetProducer({.room = {}, .cancelled = [&] { cancelled += 100; }});
  auto reader = read->AddReader(0, {});
  clock.Advance(9s);
  store.Sweep();
  EXPECT_EQ(cancelled, 0);
  clock.Advance(1s);
  store.Sweep();
  store.Sweep();
  EXPECT_EQ(cancelled, 1);
  // Its end is kept for as long again, for whoever comes to look.
  unread->End();
  clock.Advance(9s);
  EXPECT_TRUE(store.Find(kMine, "a").ok());
}

TEST(StreamStore, DeletedStreamsEndForTheirReadersAndAreGone) {
  ManualClock clock;
  StreamStore store(Small(), clock);
  auto log = *store.Create(std::string(kMine), "a", "t");
  int cancelled = 0;
  log->SetProducer({.room = {}, .cancelled = [&] { ++cancelled; }});
  auto reader = log->AddReader(0, {});
  EXPECT_TRUE(store.Delete(kMine, "a").ok());
  EXPECT_EQ(cancelled, 1);
  EXPECT_FALSE(store.Find(kMine, "a").ok());
  EXPECT_FALSE(store.Delete(kMine, "a").ok());
  log->Append("error", "{}");
  log->End();
  EXPECT_TRUE(log->Read(*reader, 1000).ended);
  EXPECT_TRUE(store.Create(std::string(kMine), "a", "t").ok());  // the id is free
  store.Sweep();
  EXPECT_EQ(store.count(), 1u);
}

TEST(StreamStore, RefusesMoreWhenAllMemoryIsHeld) {
  ManualClock clock;
  StreamStore store(Small(), clock);
  auto log = *store.Create(std::string(kMine), "a", "t");
  while (log->HasRoom()) log->Append("", "x");
  auto refused = store.Create(std::string(kTheirs), "b", "t");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), StatusCode::kExhausted);
  EXPECT_EQ(store.count(), 1u);
  log->End();
  log.reset();
  clock.Advance(10s);
  store.Sweep();
  EXPECT_EQ(store.bytes(), 0u);
  EXPECT_TRUE(store.Create(std::string(kTheirs), "b", "t").ok());
}

// One tenant could hold all of it for as long as streams are kept.
TEST(StreamStore, ATenantLeavesRoomForOthers) {
  ManualClock clock;
  StreamStore store({.retention = 10s, .log_bytes_max = 1 << 20, .bytes_total_max = 1 << 16}, clock);
  const auto fill = [](StreamLog& log) {
    while (log.HasRoom()) log.Append("", "x");
    return log.bytes();
  };
  const auto first = *store.Create(std::string(kMine), "a", "t");
  const auto second = *store.Create(std::string(kMine), "b", "t");
  const size_t held = fill(*first) + fill(*second);
  EXPECT_NEAR(static_cast<double>(held), 0.75 * (1 << 16), 200);   // however many streams it has
  EXPECT_EQ(store.Create("1:him", "c", "t").error().reason(), "stream_memory_full");
  // The next tenant has three quarters of the rest, and the one after that as well.
  const auto other = store.Create(std::string(kTheirs), "a", "u");
  ASSERT_TRUE(other.ok());
  EXPECT_NEAR(static_cast<double>(fill(**other)), 0.1875 * (1 << 16), 200);
  EXPECT_TRUE(store.Create("1:third", "a", "v").ok());
  // What it held comes back with its streams.
  for (const auto& log : {first, second}) log->End();
  (*other)->End();
  clock.Advance(10s);
  store.Sweep();
  EXPECT_EQ(store.count(), 1u);
}

TEST(StreamStore, WakesWhoWaitsForTheMemoryOfOthers) {
  ManualClock clock;
  StreamStore store(Small(), clock);
  auto full = *store.Create(std::string(kMine), "a", "t");
  auto waits = *store.Create(std::string(kMine), "b", "t");
  int room = 0;
  waits->SetProducer({.room = [&] { ++room; }, .cancelled = {}});
  while (full->HasRoom()) full->Append("", "x");
  EXPECT_FALSE(waits->HasRoom());
  store.Sweep();
  EXPECT_EQ(room, 0);
  EXPECT_TRUE(store.Delete(kMine, "a").ok());
  full->End();
  full.reset();
  store.Sweep();
  store.Sweep();  // the first one freed it
  EXPECT_EQ(room, 1);
}

TEST(StreamStore, ItsThreadDoesWhatIsDue) {
  StreamStore store({.retention = 60ms});
  auto log = *store.Create(std::string(kMine), "a", "t");
  std::atomic<int> cancelled = 0;
  log->SetProducer({.room = {}, .cancelled = [&] { ++cancelled; }});
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (cancelled == 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(cancelled, 1);
  log->End();
  log.reset();
  while (store.count() > 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(store.count(), 0u);
}

}  // namespace
}  // namespace pano::streams
