#include "app/models/paced/paced_engine.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace pano::models {
namespace {

using namespace std::chrono_literals;
using engine::Event;
using engine::FinishReason;

class PacedEngineTest : public ::testing::Test {
 protected:
  PacedEngine Make(Duration interval, int64_t capacity = 256) {
    return PacedEngine({.interval = interval, .stream_capacity = capacity},
                       std::make_shared<PacedTokenizer>(), clock_);
  }
  // The next `count` events, which the engine's thread may still be about to say.
  static std::vector<Event> Pop(engine::TokenStream& stream, size_t count) {
    std::vector<Event> events;
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (events.size() < count && std::chrono::steady_clock::now() < until) {
      if (auto event = stream.TryPop()) {
        events.push_back(*std::move(event));
      } else {
        std::this_thread::yield();
      }
    }
    EXPECT_EQ(events.size(), count);
    return events;
  }
  // Moves time on until the stream is done; what it said.
  std::vector<Event> PopAll(engine::TokenStream& stream, Duration step) {
    std::vector<Event> events;
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!stream.done() && std::chrono::steady_clock::now() < until) {
      while (auto event = stream.TryPop()) events.push_back(*std::move(event));
      clock_.Advance(step);
      std::this_thread::yield();
    }
    EXPECT_TRUE(stream.done());
    return events;
  }
  static std::string TextOf(const std::vector<Event>& events, int32_t choice = 0) {
    std::string text;
    for (const Event& event : events) text += event.index == choice ? event.text : "";
    return text;
  }

  static engine::Request Ask(void (*fill)(engine::Request&)) {
    engine::Request request;
    fill(request);
    return request;
  }

  ManualClock clock_;
};

TEST(PacedTokenizer, TextAndBack) {
  PacedTokenizer tokenizer;
  auto ids = tokenizer.Encode("a\xc3\xa9", {});
  EXPECT_EQ(*ids, (std::vector<tokenizer::TokenId>{97, 0xc3, 0xa9}));
  EXPECT_EQ(*tokenizer.Decode(*ids, true), "a\xc3\xa9");
  auto stream = tokenizer.Stream(true);
  EXPECT_EQ(stream->Push(0xc3), "");
  EXPECT_EQ(stream->Push(0xa9), "\xc3\xa9");
  EXPECT_EQ(stream->Push(PacedTokenizer::WordAt(1999)), " 999");
  EXPECT_EQ(stream->Push(0xc3), "");
  EXPECT_EQ(stream->Flush(), "\xef\xbf\xbd");
  EXPECT_FALSE(tokenizer.Decode(std::vector<tokenizer::TokenId>{1256}, true).ok());
  EXPECT_EQ(tokenizer.Find(" 7"), PacedTokenizer::kFirstWord + 7);
}

TEST_F(PacedEngineTest, SaysAWordEachInterval) {
  PacedEngine engine = Make(20ms);
  auto stream = *engine.Submit(Ask([](engine::Request& r) {
    r.prompt = {1, 2};
    r.max_tokens = 3;
  }));
  clock_.Advance(19ms);
  EXPECT_FALSE(stream->TryPop());
  clock_.Advance(1ms);
  auto events = Pop(*stream, 1);
  EXPECT_EQ(events[0].text, " 0");
  EXPECT_EQ(events[0].token_id, PacedTokenizer::kFirstWord);
  // However late the thread is: the k-th token is due at the start plus k intervals.
  clock_.Advance(25ms);
  EXPECT_EQ(Pop(*stream, 1)[0].text, " 1");
  clock_.Advance(15ms);
  events = Pop(*stream, 2);
  EXPECT_EQ(events[0].text, " 2");
  EXPECT_EQ(events[1].reason, FinishReason::kLength);
  EXPECT_EQ(events[1].usage.prompt_tokens, 2);
  EXPECT_EQ(events[1].usage.completion_tokens, 3);
  EXPECT_TRUE(stream->done());
  EXPECT_TRUE(engine.Drain(10s));
  EXPECT_EQ(engine.GetEngineStats().serving.running_requests, 0);
  EXPECT_EQ(engine.GetEngineStats().serving.tokens.output, 3);
}

TEST_F(PacedEngineTest, ChoicesAndStops) {
  PacedEngine engine = Make(1ms);
  auto stream = *engine.Submit(Ask([](engine::Request& r) {
    r.n = 2;
    r.max_tokens = 50;
    r.stop = {"3 4"};
  }));
  const auto events = PopAll(*stream, 1ms);
  int finished = 0;
  for (const Event& event : events) {
    if (event.kind != Event::Kind::kFinish) continue;
    EXPECT_EQ(event.reason, FinishReason::kStop);
    EXPECT_EQ(event.stop_match, "3 4");
    ++finished;
  }
  EXPECT_EQ(finished, 2);
  EXPECT_EQ(TextOf(events, 0), " 0 1 2 ");
  EXPECT_EQ(TextOf(events, 1), " 0 1 2 ");
}

TEST_F(PacedEngineTest, PausesForASlowReaderAndLosesNothing) {
  PacedEngine engine = Make(1ms, 4);
  auto stream = *engine.Submit(Ask([](engine::Request& r) { r.max_tokens = 20; }));
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (stream->Room() > 0 && std::chrono::steady_clock::now() < until) {
    clock_.Advance(1ms);
    std::this_thread::yield();
  }
  for (int i = 0; i < 10; ++i) clock_.Advance(1ms);
  std::string all;
  for (int i = 0; i < 20; ++i) all += " " + std::to_string(i);
  EXPECT_EQ(TextOf(PopAll(*stream, 1ms)), all);
}

TEST_F(PacedEngineTest, EndsWhatNobodyReads) {
  PacedEngine engine = Make(1ms, 4);
  auto slow = *engine.Submit(Ask([](engine::Request& r) { r.id = "slow"; }));
  auto cancelled = *engine.Submit(Ask([](engine::Request& r) { r.id = "cancelled"; }));
  auto by_id = *engine.Submit(Ask([](engine::Request& r) { r.id = "by id"; }));
  auto late = *engine.Submit(Ask([](engine::Request& r) { r.deadline = TimePoint() + 3ms; }));
  auto dropped = *engine.Submit(Ask([](engine::Request& r) { r.id = "dropped"; }));
  EXPECT_EQ(engine.Submit(Ask([](engine::Request& r) { r.id = "slow"; })).error().code(),
            StatusCode::kAlreadyExists);
  cancelled->Cancel();
  engine.Cancel("by id");
  dropped.reset();
  EXPECT_EQ(PopAll(*cancelled, 1us).back().reason, FinishReason::kCancelled);
  EXPECT_EQ(PopAll(*by_id, 1us).back().reason, FinishReason::kCancelled);
  EXPECT_EQ(PopAll(*late, 1us).back().reason, FinishReason::kDeadline);
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (engine.GetEngineStats().serving.running_rows > 0 && std::chrono::steady_clock::now() < until) {
    clock_.Advance(500ms);
    std::this_thread::yield();
  }
  const auto events = Pop(*slow, 5);
  EXPECT_EQ(events.back().reason, FinishReason::kCancelled);
  EXPECT_EQ(engine.GetEngineStats().serving.cancellations, 5);
}

TEST_F(PacedEngineTest, DrainsWhatRunsAndRefusesMore) {
  PacedEngine engine = Make(1ms);
  auto stream = *engine.Submit(Ask([](engine::Request& r) { r.max_tokens = 2; }));
  auto endless = *engine.Submit(Ask([](engine::Request&) {}));
  auto drained = std::async(std::launch::async, [&] { return engine.Drain(20s); });
  // Time stands still until the 20 s have begun: the endless one, too, ends by itself after 33 s, at the end of its
  // context, which it did when the thread that drains was late.
  while (engine.Submit(Ask([](engine::Request& r) { r.max_tokens = 0; })).ok()) std::this_thread::yield();
  EXPECT_EQ(PopAll(*stream, 1ms).size(), 3u);
  EXPECT_EQ(PopAll(*endless, 100ms).back().reason, FinishReason::kCancelled);
  EXPECT_FALSE(drained.get());
  EXPECT_EQ(engine.Submit(Ask([](engine::Request&) {})).error().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(engine.Drain(0ms));
}

TEST_F(PacedEngineTest, StopsWithRequestsUnderWay) {
  std::shared_ptr<engine::TokenStream> stream;
  {
    PacedEngine engine = Make(1ms);
    stream = *engine.Submit(Ask([](engine::Request&) {}));
  }
  EXPECT_EQ(Pop(*stream, 1)[0].reason, FinishReason::kCancelled);
  stream->Cancel();  // reaches nobody
}

TEST_F(PacedEngineTest, RefusesWhatAnEngineRefuses) {
  PacedEngine engine = Make(1ms);
  EXPECT_EQ(engine.Submit(Ask([](engine::Request& r) { r.prompt = {5000}; })).error().field(), "prompt");
  EXPECT_EQ(engine.Submit(Ask([](engine::Request& r) { r.prompt.resize(40000); })).error().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(engine.Submit(Ask([](engine::Request& r) { r.prompt_logprobs = 1; })).error().field(),
            "logprobs");
  auto stream = engine.Submit(Ask([](engine::Request& r) { r.max_tokens = 0; }));
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(PopAll(**stream, 1ms).size(), 1u);
}

}  // namespace
}  // namespace pano::models
