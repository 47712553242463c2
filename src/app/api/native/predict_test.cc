#include "app/api/native/predict.h"

#include <gtest/gtest.h>

#include "app/api/answer.h"
#include "app/api/native/dialect.h"
#include "app/api/testing/api_harness.h"
#include "model/grammar/grammar_matcher.h"

namespace pano::api::native {
namespace {

using testing::At;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

constexpr char kPath[] = "/v1/models/m/predict";

TEST(Predict, AnswersInTheAgreedShape) {
  Harness api;
  api.engine->answer = "hey";
  auto exchange = api.Post(kPath, R"({"inputs":"ab","parameters":{"max_tokens":3}})");
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  json::Value body = exchange->json();
  EXPECT_TRUE(At(body, "id").as_string().starts_with("predict-"));
  EXPECT_EQ(At(body, "model"), "m");
  EXPECT_EQ(At(body, "version"), "1");
  EXPECT_EQ(At(body, "outputs/0/text"), "hey");
  EXPECT_EQ(At(body, "outputs/0/finish_reason"), "stop");
  EXPECT_EQ(At(body, "outputs/0/logprobs"), json::Value());
  EXPECT_EQ(At(body, "usage/prompt_tokens"), 3);  // <s>ab
  EXPECT_EQ(At(body, "usage/completion_tokens"), 3);
  EXPECT_EQ(At(body, "usage/total_tokens"), 6);
  EXPECT_EQ(At(body, "timings/total_ms"), 5.0);
  EXPECT_EQ(api.engine->submitted[0].request.max_tokens, 3);
  EXPECT_EQ(api.engine->submitted[0].request.logprobs, -1);
  ASSERT_EQ(api.records.size(), 1u);
  EXPECT_EQ(api.records[0].route, "/v1/models/{id}/predict");
  EXPECT_EQ(api.records[0].model, "m");
  EXPECT_EQ(api.records[0].status, 200);
}

TEST(Predict, JoinsSeveralInputsAndChoicesInOrder) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"inputs":["a","b"],"parameters":{"n":2,"logprobs":2}})");
  ASSERT_EQ(api.engine->submitted.size(), 2u);
  EXPECT_FALSE(exchange->answered());
  const char* words[] = {"p", "q", "r", "s"};
  for (size_t i : {3u, 0u, 2u, 1u}) {
    api.engine->Say(i / 2, words[i], static_cast<int32_t>(i % 2));
    api.engine->Finish(i / 2, engine::FinishReason::kLength, static_cast<int32_t>(i % 2));
    exchange->Run();
  }
  ASSERT_EQ(exchange->status(), 200);
  json::Value body = exchange->json();
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(At(body, StrCat("outputs/", i, "/text")), words[i]);
    EXPECT_EQ(At(body, StrCat("outputs/", i, "/finish_reason")), "length");
  }
  EXPECT_EQ(At(body, "outputs/0/logprobs/0/top/1/token"), "q");
  EXPECT_EQ(At(body, "usage/prompt_tokens"), 4);  // each prompt once
  EXPECT_EQ(At(body, "usage/completion_tokens"), 4);
}

TEST(Predict, StreamsProgressAndDone) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"inputs":"a","stream":true})");
  ASSERT_TRUE(exchange->streaming());
  EXPECT_EQ(exchange->header("Content-Type"), "text/event-stream; charset=utf-8");
  api.engine->Say(0, "h");
  exchange->Run();
  EXPECT_EQ(exchange->body(),
            "event: progress\nid: 1\ndata: {\"index\":0,\"token\":\"h\",\"token_id\":104,"
            "\"probability\":0.60653067,\"logprob\":-0.5}\n\n");
  api.engine->Finish(0, engine::FinishReason::kLength, 0, "rest");
  exchange->Run();
  EXPECT_NE(exchange->body().find("id: 2\ndata: {\"index\":0,\"token\":\"rest\",\"token_id\":null"),
            std::string::npos);
  EXPECT_NE(
      exchange->body().find("event: done\nid: 3\ndata: {\"index\":0,\"finish_reason\":\"length\","
                            "\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":1,"),
      std::string::npos);
  EXPECT_TRUE(exchange->finished());
  EXPECT_TRUE(api.api->WaitUntilIdle(std::chrono::milliseconds(0)));
}

TEST(Predict, SendsCommentsWhileNothingComes) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"inputs":"a","stream":true})");
  exchange->RunDelayed();
  EXPECT_EQ(exchange->body(), ": keep-alive\n\n");
  api.engine->Say(0, "h");
  exchange->Run();
  std::string before = exchange->body();
  exchange->RunDelayed();  // something was sent meanwhile
  EXPECT_EQ(exchange->body(), before);
  exchange->RunDelayed();
  EXPECT_EQ(exchange->body(), before + ": keep-alive\n\n");
}

TEST(Predict, ReportsAnErrorOfTheModel) {
  Harness api;
  auto stream = api.Post(kPath, R"({"inputs":"a","stream":true})");
  api.engine->Finish(0, engine::FinishReason::kError);
  stream->Run();
  EXPECT_TRUE(stream->body().starts_with("event: error\nid: 1\ndata: {\"error\":{\"message\":"));
  EXPECT_TRUE(stream->finished());
  EXPECT_EQ(api.records[0].status, 500);
  auto plain = api.Post(kPath, R"({"inputs":"a"})");
  api.engine->Finish(1, engine::FinishReason::kError);
  plain->Run();
  EXPECT_EQ(plain->status(), 500);
  EXPECT_EQ(At(plain->json(), "error/type"), "server_error");
}

TEST(Predict, DeadlineWithNothingIs504AndWithSomethingIsPartial) {
  Harness api;
  auto late = api.Post(kPath, R"({"inputs":"a","parameters":{"timeout_ms":100}})");
  EXPECT_EQ(api.engine->submitted[0].request.deadline,
            api.clock.Now() + std::chrono::milliseconds(100));
  api.engine->Finish(0, engine::FinishReason::kDeadline);
  late->Run();
  EXPECT_EQ(late->status(), 504);
  EXPECT_EQ(At(late->json(), "error/code"), "deadline");
  auto partial = api.Post(kPath, R"({"inputs":"a","parameters":{"timeout_ms":100}})");
  api.engine->Say(1, "x");
  api.engine->Finish(1, engine::FinishReason::kDeadline);
  partial->Run();
  EXPECT_EQ(partial->status(), 200);
  EXPECT_EQ(At(partial->json(), "outputs/0/finish_reason"), "deadline");
}

TEST(Predict, CancelsWhenTheClientGoes) {
  Harness api;
  for (const char* body : {R"({"inputs":["a","b"],"stream":true})", R"({"inputs":["a","b"]})"}) {
    size_t first = api.engine->submitted.size();
    auto exchange = api.Post(kPath, body);
    api.engine->Say(first, "x");
    exchange->Disconnect();
    EXPECT_TRUE(api.engine->cancelled(first));
    EXPECT_TRUE(api.engine->cancelled(first + 1));
    EXPECT_EQ(api.records.back().status, 499);
    EXPECT_TRUE(api.api->WaitUntilIdle(std::chrono::milliseconds(0)));
    api.engine->Say(first, "late");  // what still comes goes nowhere
    exchange->Run();
  }
}

TEST(Predict, LeavesEventsWithTheEngineWhileTheClientDoesNotRead) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"inputs":"a","stream":true})");
  exchange->StopReading();
  api.engine->Say(0, std::string(1000, 'x'));
  exchange->Run();
  EXPECT_GT(exchange->pending_bytes(), Generation::kPendingBytesMax);
  EXPECT_LT(exchange->pending_bytes(), Generation::kPendingBytesMax + 1024);
  size_t written = exchange->body().size();
  api.engine->Finish(0, engine::FinishReason::kStop);
  exchange->Run();
  EXPECT_EQ(exchange->body().size(), written);
  exchange->ReadAgain();
  exchange->Run();
  EXPECT_TRUE(exchange->finished());
  EXPECT_NE(exchange->body().find("event: done\nid: 1001\n"), std::string::npos);
}

TEST(Predict, RefusesUnknownParametersByName) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"inputs":"a","parameters":{"max_tokenz":1}})");
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_EQ(At(exchange->json(), "error/param"), "max_tokenz");
  EXPECT_EQ(At(exchange->json(), "error/request_id"), "req-1");
  EXPECT_EQ(At(exchange->json(), "error/type"), "invalid_request_error");
}

TEST(Predict, RefusesAtOnceWhenTheQueueIsFull) {
  Harness api;
  api.engine->refuse_from = 1;
  auto exchange = api.Post(kPath, R"({"inputs":["a","b"]})");
  EXPECT_EQ(exchange->status(), 429);
  EXPECT_EQ(exchange->header("Retry-After"), "7");
  EXPECT_TRUE(api.engine->cancelled(0));  // all or none
}

TEST(Predict, ContextOverflowHasItsOwnCode) {
  Harness api;
  api.engine->refuse_from = 0;
  api.engine->refusal =
      InvalidArgument("200 tokens do not fit into 128").WithReason("context_length_exceeded");
  auto exchange = api.Post(kPath, R"({"inputs":"a"})");
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_EQ(At(exchange->json(), "error/code"), "context_length_exceeded");
  EXPECT_EQ(At(exchange->json(), "error/message"), "200 tokens do not fit into 128");
}

TEST(Predict, PlainAnswersHaveALimitOnLogprobs) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"inputs":"a","parameters":{"logprobs":20}})");
  for (size_t said = 0; said * (Answer::kBytesPerToken + 20 * Answer::kBytesPerLogprob) <= Answer::kBytesMax; said += 1024) {
    api.engine->Say(0, std::string(1024, 'x'));
    exchange->Run();
  }
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_EQ(At(exchange->json(), "error/param"), "logprobs");
  EXPECT_TRUE(api.engine->cancelled(0));
}

TEST(Predict, FindsVersions) {
  Harness api;
  testing::FakeEngine* second = api.AddModel("m", "2");
  second->answer = api.engine->answer = "x";
  EXPECT_EQ(At(api.Post(kPath, R"({"inputs":"a"})")->json(), "version"), "2");
  EXPECT_EQ(At(api.Post("/v1/models/m/versions/1/predict", R"({"inputs":"a"})")->json(), "version"),
            "1");
  EXPECT_EQ(At(api.Post("/v1/models/m@1/predict", R"({"inputs":"a"})")->json(), "version"), "1");
  auto none = api.Post("/v1/models/m/versions/3/predict", R"({"inputs":"a"})");
  EXPECT_EQ(none->status(), 404);
  EXPECT_EQ(At(none->json(), "error/code"), "model_not_found");
}

TEST(Predict, OutputsAreWhatTheParametersSay) {
  Harness api;
  api.Post(kPath, R"({"inputs":["a","b"],"parameters":{"structured_outputs":{"regex":"x[0-9]"},"n":2}})");
  ASSERT_EQ(api.engine->submitted.size(), 2u);
  for (const auto& submitted : api.engine->submitted) {
    ASSERT_TRUE(submitted.request.grammar);
    grammar::GrammarMatcher matcher(submitted.request.grammar);
    EXPECT_TRUE(matcher.AcceptBytes("x7") && matcher.IsAccepting());
    EXPECT_FALSE(matcher.AcceptBytes("x"));
  }
  auto exchange = api.Post(kPath, R"({"inputs":"a","parameters":{"guided_json":"{"}})");
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_EQ(At(exchange->json(), "error/param"), "guided_json");
  exchange = api.Post(kPath, R"({"inputs":"a","parameters":{"guided_whitespace_pattern":"x"}})");
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_EQ(At(exchange->json(), "error/param"), "guided_whitespace_pattern");
}

TEST(Predict, TextIsRefusedWithoutATokenizer) {
  Harness api;
  api.AddModel("raw", "1", /*tokenizer=*/false);
  auto exchange = api.Post("/v1/models/raw/predict", R"({"inputs":"a"})");
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_EQ(At(exchange->json(), "error/code"), "no_tokenizer");
}

}  // namespace
}  // namespace pano::api::native
