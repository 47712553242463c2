#include <gtest/gtest.h>

#include "app/api/native/dialect.h"
#include "app/api/openai/dialect.h"
#include "app/api/streams/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/http/sse.h"

namespace pano::api::resuming {
namespace {

using testing::At;

std::vector<Dialect> Dialects() {
  return {native::MakeDialect(), openai::MakeDialect(), MakeDialect()};
}
using Harness = testing::HarnessOf<Dialects>;
using ExchangePtr = std::shared_ptr<testing::FakeExchange>;

constexpr char kPredict[] =
    R"({"inputs":"a","stream":true,"stream_options":{"resumable":true}})";
constexpr char kCompletion[] =
    R"({"prompt":"a","stream":true,"stream_options":{"resumable":true,"include_usage":true}})";

ExchangePtr Send(Harness& api, std::string method, std::string path, std::string body = "",
                 http::Headers headers = {}, std::string id = "req-1") {
  http::Request request = Harness::MakeRequest(std::move(method), std::move(path), std::move(body));
  for (auto& header : headers) request.headers.push_back(header);
  request.id = std::move(id);
  return api.Send(std::move(request));
}

ExchangePtr Resume(Harness& api, std::string last, std::string key = "") {
  http::Headers headers = {{"Last-Event-ID", std::move(last)}};
  if (!key.empty()) headers.emplace_back("Authorization", "Bearer " + key);
  return Send(api, "GET", "/v1/streams/req-1", "", headers, "req-2");
}

std::vector<std::string> Ids(const std::string& text) {
  std::vector<std::string> ids;
  http::SseParser parser([&](const http::SseEvent& e) { ids.push_back(e.id); });
  parser.Feed(text);
  return ids;
}

TEST(Replay, GoesOnAfterAnyEvent) {
  Harness api;
  auto first = Send(api, "POST", "/v1/models/m/predict", kPredict);
  api.engine->Say(0, "abc");
  api.engine->Finish(0, engine::FinishReason::kStop);
  first->Run();
  ASSERT_TRUE(first->finished());
  const std::string whole = first->body();
  EXPECT_EQ(Ids(whole), (std::vector<std::string>{"1", "2", "3", "4"}));
  EXPECT_EQ(Send(api, "GET", "/v1/streams/req-1")->body(), whole);
  size_t at = 0;
  for (int last = 0; last <= 4; ++last) {
    auto replay = Resume(api, StrCat(last));
    EXPECT_EQ(replay->status(), 200);
    EXPECT_TRUE(replay->finished());
    EXPECT_EQ(replay->header("Content-Type"), "text/event-stream; charset=utf-8");
    EXPECT_EQ(replay->body(), whole.substr(at));
    if (last < 4) at = whole.find("\n\n", at) + 2;
  }
  // The same by a query, for EventSource polyfills; the header is newer.
  http::Request request = Harness::MakeRequest("GET", "/v1/streams/req-1");
  request.query = {{"lastEventId", "3"}};
  EXPECT_EQ(Ids(api.Send(request)->body()), (std::vector<std::string>{"4"}));
  request.headers.emplace_back("Last-Event-ID", "2");
  EXPECT_EQ(Ids(api.Send(request)->body()), (std::vector<std::string>{"3", "4"}));
}

// A stream that is not resumable has the bytes that it always had, and is not kept.
TEST(Replay, OthersAreAsBefore) {
  Harness api;
  auto first = Send(api, "POST", "/v1/completions", R"({"prompt":"a","stream":true})");
  api.engine->Say(0, "a");
  api.engine->Finish(0, engine::FinishReason::kStop);
  first->Run();
  EXPECT_TRUE(first->finished());
  EXPECT_EQ(first->body().find("id: "), std::string::npos);
  EXPECT_EQ(Send(api, "GET", "/v1/streams/req-1")->status(), 404);
}

TEST(Replay, OpenAiEventsHaveIdsToo) {
  Harness api;
  for (const auto& [path, body] :
       {std::pair("/v1/completions", std::string(kCompletion)),
        std::pair("/v1/chat/completions",
                  std::string(R"({"messages":[{"role":"user","content":"x"}],"stream":true,)"
                              R"("stream_options":{"resumable":true}})"))}) {
    api.engine->Reset();
    auto first = Send(api, "POST", path, body);
    api.engine->Say(0, "ab");
    api.engine->Finish(0, engine::FinishReason::kStop);
    first->Run();
    ASSERT_TRUE(first->finished());
    const std::vector<std::string> ids = Ids(first->body());
    ASSERT_GE(ids.size(), 4u);
    for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], StrCat(i + 1));
    EXPECT_TRUE(first->body().ends_with(StrCat("id: ", ids.size(), "\ndata: [DONE]\n\n")));
    EXPECT_EQ(Send(api, "GET", "/v1/streams/req-1")->body(), first->body());
    EXPECT_EQ(Send(api, "DELETE", "/v1/streams/req-1")->status(), 200);
  }
}

TEST(Replay, TheStreamOutlivesItsConnection) {
  Harness api;
  auto first = Send(api, "POST", "/v1/models/m/predict", kPredict);
  api.engine->Say(0, "ab");
  first->Run();
  first->Disconnect();
  EXPECT_FALSE(api.engine->cancelled(0));
  EXPECT_TRUE(api.records.empty());
  api.engine->Say(0, "cd");
  auto second = Resume(api, "2");
  EXPECT_EQ(Ids(second->body()), (std::vector<std::string>{"3", "4"}));
  EXPECT_FALSE(second->finished());
  api.engine->Say(0, "e");
  api.engine->Finish(0, engine::FinishReason::kStop);
  second->Run();
  EXPECT_TRUE(second->finished());
  EXPECT_EQ(Ids(second->body()), (std::vector<std::string>{"3", "4", "5", "6"}));
  EXPECT_EQ(first->body() + second->body(), Send(api, "GET", "/v1/streams/req-1")->body());
  // The request is counted once, with all its tokens; reading on is a request of its own.
  ASSERT_EQ(api.records.size(), 3u);
  EXPECT_EQ(api.records[0].route, "/v1/models/{id}/predict");
  EXPECT_EQ(api.records[0].status, 200);
  EXPECT_EQ(api.records[0].tokens.completion, 5);
  EXPECT_EQ(api.records[1].route, "/v1/streams/{request_id}");
  EXPECT_EQ(api.records[1].tokens.completion, 0);
}

TEST(Replay, SeveralReadAtOnce) {
  Harness api;
  auto first = Send(api, "POST", "/v1/models/m/predict", kPredict);
  api.engine->Say(0, "a");
  auto second = Resume(api, "");
  auto third = Resume(api, "1");
  api.engine->Say(0, "b");
  third->Disconnect();
  api.engine->Finish(0, engine::FinishReason::kStop);
  for (auto& each : {first, second, third}) each->Run();
  EXPECT_TRUE(first->finished());
  EXPECT_EQ(second->body(), first->body());
  EXPECT_FALSE(third->finished());
  EXPECT_EQ(api.records.back().status, 200);
}

// A slow reader has its own place: neither the engine nor another reader waits for it.
TEST(Replay, ASlowReaderHoldsUpNobody) {
  Harness api;
  auto first = Send(api, "POST", "/v1/models/m/predict", kPredict);
  auto slow = Resume(api, "");
  slow->StopReading();
  for (int i = 0; i < 2000; ++i) {
    api.engine->Say(0, "x");
    first->Run();
    slow->Run();
  }
  EXPECT_LT(slow->pending_bytes(), 100u << 10);
  api.engine->Finish(0, engine::FinishReason::kStop);
  first->Run();
  EXPECT_TRUE(first->finished());
  EXPECT_FALSE(slow->finished());
  for (int i = 0; i < 100 && !slow->finished(); ++i) {
    slow->ReadAgain();
    slow->StopReading();
  }
  EXPECT_TRUE(slow->finished());
  EXPECT_EQ(slow->body(), first->body());
}

TEST(Replay, BadLastEventIdsAre400) {
  Harness api;
  Send(api, "POST", "/v1/models/m/predict", kPredict);
  api.engine->Say(0, "ab");
  for (const char* bad : {"-1", "3", "x", "1.0", "01", "99999999999999999999", "1 2"}) {
    auto refused = Resume(api, bad);
    EXPECT_EQ(refused->status(), 400) << bad;
    EXPECT_EQ(At(refused->json(), "error/code"), "invalid_last_event_id") << bad;
  }
  auto twice = Send(api, "GET", "/v1/streams/req-1", "", {{"Last-Event-ID", "1"}, {"last-event-id", "1"}});
  EXPECT_EQ(twice->status(), 400);
  EXPECT_EQ(Resume(api, "2")->status(), 200);
}

TEST(Replay, AnotherPrincipalSeesNone) {
  Harness api({"one", "two"});
  http::Headers one = {{"Authorization", "Bearer one"}}, two = {{"Authorization", "Bearer two"}};
  auto first = Send(api, "POST", "/v1/models/m/predict", kPredict, one);
  api.engine->Say(0, "a");
  first->Run();
  auto theirs = Send(api, "GET", "/v1/streams/req-1", "", two);
  EXPECT_EQ(theirs->status(), 404);
  EXPECT_EQ(At(theirs->json(), "error/code"), "stream_not_found");
  // To the byte as one that is not: whatever the id, the last event or the method.
  auto bad = Resume(api, "x", "two");
  EXPECT_EQ(bad->status(), 404);
  EXPECT_EQ(Send(api, "DELETE", "/v1/streams/req-1", "", two)->body(), theirs->body());
  EXPECT_FALSE(api.engine->cancelled(0));
  // Nor does it collide: an id is its owner's.
  auto own = Send(api, "POST", "/v1/models/m/predict", kPredict, two);
  EXPECT_TRUE(own->streaming());
  api.engine->Say(1, "z");
  auto with = Send(api, "GET", "/v1/streams/req-1", "", two);
  EXPECT_NE(with->body().find("\"z\""), std::string::npos);
  auto without = Send(api, "GET", "/v1/streams/req-1", "", one);
  EXPECT_EQ(without->body().find("\"z\""), std::string::npos);
  EXPECT_EQ(Send(api, "GET", "/v1/streams/req-1")->status(), 401);
  for (const ExchangePtr& open : {first, own, with, without}) open->Disconnect();  // else they keep their readers
}

TEST(Replay, AnIdThatIsTakenIsRefused) {
  Harness api;
  auto first = Send(api, "POST", "/v1/models/m/predict", kPredict);
  auto again = Send(api, "POST", "/v1/completions", kCompletion);
  EXPECT_EQ(again->status(), 409);
  EXPECT_EQ(At(again->json(), "error/code"), "stream_exists");
  EXPECT_EQ(api.engine->submitted.size(), 1u);
  // Without a log there is nothing to mix up.
  EXPECT_TRUE(Send(api, "POST", "/v1/completions", R"({"prompt":"a","stream":true})")->streaming());
}

TEST(Replay, WhatIsRefusedLeavesNoStream) {
  Harness api;
  api.engine->refuse_from = 0;
  EXPECT_EQ(Send(api, "POST", "/v1/models/m/predict", kPredict)->status(), 429);
  EXPECT_EQ(Send(api, "GET", "/v1/streams/req-1")->status(), 404);
  api.engine->refuse_from = 100;
  EXPECT_TRUE(Send(api, "POST", "/v1/models/m/predict", kPredict)->streaming());
}

TEST(Replay, DeleteCancelsForItsReaders) {
  Harness api;
  auto first = Send(api, "POST", "/v1/models/m/predict", kPredict);
  api.engine->Say(0, "a");
  auto deleted = Send(api, "DELETE", "/v1/streams/req-1");
  EXPECT_EQ(deleted->status(), 200);
  EXPECT_EQ(deleted->body(), R"({"id":"req-1","object":"stream","deleted":true})");
  EXPECT_TRUE(api.engine->cancelled(0));
  EXPECT_EQ(Send(api, "GET", "/v1/streams/req-1")->status(), 404);
  EXPECT_EQ(Send(api, "DELETE", "/v1/streams/req-1")->status(), 404);
  api.engine->Finish(0, engine::FinishReason::kCancelled);
  first->Run();
  EXPECT_TRUE(first->finished());
  EXPECT_NE(first->body().find("event: error\nid: 2\n"), std::string::npos);
  EXPECT_TRUE(api.api->WaitUntilIdle(std::chrono::milliseconds(0)));
}

TEST(Replay, IsGoneAfterItsTime) {
  Options options;
  options.streams.retention = std::chrono::seconds(5);
  Harness api({}, options);
  auto first = Send(api, "POST", "/v1/models/m/predict", kPredict);
  api.clock.Advance(std::chrono::seconds(6));  // it is read: nothing happens
  auto reader = Resume(api, "");
  EXPECT_EQ(reader->status(), 200);
  api.engine->Finish(0, engine::FinishReason::kStop);
  first->Run();
  reader->Run();
  api.clock.Advance(std::chrono::seconds(4));
  EXPECT_EQ(Resume(api, "")->status(), 200);
  api.clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Resume(api, "")->status(), 404);
}

TEST(Replay, WhatWasDroppedIsGone) {
  Options options;
  options.streams.log_bytes_max = 2000;
  Harness api({}, options);
  auto first = Send(api, "POST", "/v1/models/m/predict", kPredict);
  auto slow = Resume(api, "");
  slow->StopReading();
  for (int i = 0; i < 200; ++i) {
    api.engine->Say(0, "x");
    first->Run();
  }
  auto gone = Resume(api, "3");
  EXPECT_EQ(gone->status(), 410);
  EXPECT_EQ(At(gone->json(), "error/code"), "stream_events_dropped");
  EXPECT_EQ(Resume(api, "199")->status(), 200);
  EXPECT_EQ(Ids(first->body()).size(), 200u);
  // The reader that was left behind is cut off, not given a gap.
  slow->Run();
  EXPECT_FALSE(slow->finished());
  EXPECT_TRUE(slow->cut_off());
  EXPECT_EQ(slow->body(), "");
}

TEST(Replay, PausesTheEngineWhenNobodyReads) {
  Options options;
  options.streams.log_bytes_max = 2000;
  Harness api({}, options);
  auto first = Send(api, "POST", "/v1/models/m/predict", kPredict);
  first->Disconnect();
  for (int i = 0; i < 100; ++i) api.engine->Say(0, "x");
  EXPECT_FALSE(api.engine->submitted[0].stream->done());
  EXPECT_TRUE(api.engine->submitted[0].stream->Room() < 1024);  // events wait there
  auto second = Resume(api, "");
  second->Run();
  EXPECT_EQ(Ids(second->body()).size(), 100u);  // nothing was lost
  EXPECT_EQ(Ids(second->body()).back(), "100");
}

TEST(Replay, HeadAndSilence) {
  Harness api;
  auto first = Send(api, "POST", "/v1/models/m/predict", kPredict);
  auto head = Send(api, "HEAD", "/v1/streams/req-1");
  EXPECT_EQ(head->status(), 200);
  EXPECT_TRUE(head->finished());
  EXPECT_EQ(Send(api, "HEAD", "/v1/streams/none")->status(), 404);
  auto second = Resume(api, "");
  second->RunDelayed();
  EXPECT_EQ(second->body(), ": keep-alive\n\n");
  // Comments are the connection's: the log, and so a replay, has none.
  api.engine->Finish(0, engine::FinishReason::kStop);
  second->Run();
  first->Run();
  EXPECT_EQ(second->body(), ": keep-alive\n\n" + first->body());
}

}  // namespace
}  // namespace pano::api::resuming
