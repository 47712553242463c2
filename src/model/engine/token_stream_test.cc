#include "model/engine/token_stream.h"

#include <gtest/gtest.h>

#include <thread>

namespace pano::engine {
namespace {

Event Token(TokenId id) {
  Event event;
  event.token_id = id;
  return event;
}
Event Done() {
  Event event;
  event.kind = Event::Kind::kFinish;
  return event;
}

TEST(TokenStream, IsDoneWhenAllFinishesWereRead) {
  TokenStream stream("r", /*choices=*/2, 8);
  EXPECT_FALSE(stream.TryPop().has_value());
  stream.Push(Token(1));
  stream.Push(Done());
  stream.Push(Done());
  EXPECT_EQ(stream.Pop()->token_id, 1);
  EXPECT_FALSE(stream.done());
  stream.Pop();
  stream.Pop();
  EXPECT_TRUE(stream.done());
  EXPECT_FALSE(stream.Pop().has_value());
}

TEST(TokenStream, WakesTheEngineWhenThereIsRoomAgain) {
  TokenStream stream("r", 1, /*capacity=*/2);
  int wakes = 0;
  stream.SetWake([&] { ++wakes; });
  stream.Push(Token(1));
  EXPECT_TRUE(stream.HasRoom());
  stream.Push(Token(2));
  stream.Push(Done());   // the finish always fits
  EXPECT_FALSE(stream.HasRoom());
  stream.TryPop();
  EXPECT_FALSE(stream.HasRoom());
  EXPECT_EQ(wakes, 0);
  stream.TryPop();
  EXPECT_TRUE(stream.HasRoom());
  EXPECT_EQ(wakes, 1);
  stream.TryPop();
  EXPECT_EQ(wakes, 1);
  stream.Cancel();
  stream.Cancel();
  EXPECT_EQ(wakes, 2);
  EXPECT_TRUE(stream.cancelled());
}

TEST(TokenStream, TellsHowLongItIsFull) {
  TokenStream stream("r", 1, 1);
  TimePoint start{};
  EXPECT_EQ(stream.FullFor(start), Duration::zero());
  stream.Push(Token(1));
  EXPECT_EQ(stream.FullFor(start + std::chrono::seconds(1)), Duration::zero());
  EXPECT_EQ(stream.FullFor(start + std::chrono::seconds(4)), std::chrono::seconds(3));
  stream.TryPop();
  EXPECT_EQ(stream.FullFor(start + std::chrono::seconds(5)), Duration::zero());
  stream.Push(Token(2));
  EXPECT_EQ(stream.FullFor(start + std::chrono::seconds(6)), Duration::zero());
}

TEST(TokenStream, NotifiesOnEventsAndAtOnceWhenSomeAreThere) {
  TokenStream stream("r", 1, 8);
  int notes = 0;
  stream.SetNotify([&] { ++notes; });
  EXPECT_EQ(notes, 0);
  stream.Push(Token(1));
  EXPECT_EQ(notes, 1);
  int others = 0;
  stream.SetNotify([&] { ++others; });
  EXPECT_EQ(others, 1);
  stream.SetNotify(nullptr);
  stream.Push(Token(2));
  EXPECT_EQ(notes + others, 2);
}

TEST(TokenStream, PopWaitsForAWriter) {
  TokenStream stream("r", 1, 8);
  std::jthread writer([&] {
    for (TokenId i = 0; i < 100; ++i) stream.Push(Token(i));
    stream.Push(Done());
  });
  TokenId next = 0;
  while (auto event = stream.Pop()) {
    if (event->kind == Event::Kind::kToken) {
      EXPECT_EQ(event->token_id, next++);
    }
  }
  EXPECT_EQ(next, 100);
}

}  // namespace
}  // namespace pano::engine
