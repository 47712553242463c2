#include "pano/load/answer_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::load {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

http::ClientResponse Fine() { return {200, {}, ""}; }

TEST(AnswerReader, ReadsOpenAiStreams) {
  const TimePoint due{};
  AnswerReader reader(Dialect::kOpenAi, due);
  EXPECT_TRUE(
      reader.Feed("data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":null}]}\n\n", due + 10ms));
  // Half a character: no text yet, but a token.
  reader.Feed("data: {\"choices\":[{\"text\":\"\",\"token_ids\":[5]}]}\n\n", due + 15ms);
  reader.Feed("data: {\"choices\":[{\"text\":\"b\"}]}\n\n", due + 30ms);
  reader.Feed(
      "data: {\"choices\":[{\"text\":\"\",\"finish_reason\":\"length\"}],\"usage\":null}\n\n",
      due + 31ms);
  reader.Feed("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\n\n",
              due + 31ms);
  reader.Feed("data: [DONE]\n\n", due + 32ms);
  const Outcome outcome = reader.Finish(Fine(), due + 40ms);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.message();
  EXPECT_DOUBLE_EQ(outcome.ttft, 0.010);
  EXPECT_DOUBLE_EQ(outcome.e2e, 0.040);
  EXPECT_THAT(outcome.itl, ElementsAre(DoubleEq(0.005), DoubleEq(0.015)));
  EXPECT_EQ(outcome.prompt_tokens, 9);
  EXPECT_EQ(outcome.generated_tokens, 4);
}

TEST(AnswerReader, CountsEventsWhereThereIsNoUsage) {
  AnswerReader reader(Dialect::kOpenAi, {});
  for (int i = 0; i < 3; ++i)
    reader.Feed("data: {\"choices\":[{\"text\":\"a\"}]}\n\n", TimePoint{});
  reader.Feed("data: [DONE]\n\n", TimePoint{});
  EXPECT_EQ(reader.Finish(Fine(), TimePoint{}).generated_tokens, 3);
}

TEST(AnswerReader, ReadsPredictStreams) {
  AnswerReader reader(Dialect::kPredict, {});
  reader.Feed("event: progress\nid: 1\ndata: {\"index\":0,\"token\":\"\"}\n\n: alive\n\n",
              TimePoint{} + 5ms);
  reader.Feed(
      "event: done\ndata: "
      "{\"index\":0,\"usage\":{\"prompt_tokens\":2,\"completion_tokens\":1}}\n\n",
      TimePoint{} + 6ms);
  const Outcome outcome = reader.Finish(Fine(), TimePoint{} + 7ms);
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_EQ(outcome.prompt_tokens, 2);
  EXPECT_EQ(outcome.generated_tokens, 1);
}

TEST(AnswerReader, SaysWhyARequestFailed) {
  const auto finish = [](std::string_view stream, const Result<http::ClientResponse>& response) {
    AnswerReader reader(Dialect::kPredict, {});
    reader.Feed(stream, TimePoint{});
    return reader.Finish(response, TimePoint{}).status.message();
  };
  EXPECT_THAT(finish("event: error\ndata: {\"error\":{\"message\":\"too long\"}}\n\n", Fine()),
              "too long");
  EXPECT_THAT(finish("event: progress\ndata: {}\n\n", Fine()), HasSubstr("before its last event"));
  EXPECT_THAT(finish("event: done\ndata: {}\n\n", Fine()), HasSubstr("no token"));
  EXPECT_THAT(finish("data: nonsense\n\n", Fine()), HasSubstr("no JSON"));
  EXPECT_THAT(finish("", http::ClientResponse{429, {}, R"({"error":{"message":"full"}})"}),
              "HTTP 429: full");
  EXPECT_THAT(finish("", Status(StatusCode::kDeadline, "silent")), "silent");
  EXPECT_EQ(ErrorMessage("<html>\n"), "<html>");
  EXPECT_EQ(ErrorMessage(R"({"error":"text"})"), "text");
}

}  // namespace
}  // namespace pano::load
