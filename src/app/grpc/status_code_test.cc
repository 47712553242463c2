#include "app/grpc/status_code.h"

#include <gtest/gtest.h>

namespace pano::grpc {
namespace {

TEST(StatusCode, FollowsTheHttpStatus) {
  EXPECT_EQ(StatusCodeOf(200), 0);
  EXPECT_EQ(StatusCodeOf(400), 3);
  EXPECT_EQ(StatusCodeOf(401), 16);
  EXPECT_EQ(StatusCodeOf(403), 7);
  EXPECT_EQ(StatusCodeOf(404), 5);
  EXPECT_EQ(StatusCodeOf(413), 8);
  EXPECT_EQ(StatusCodeOf(415), 3);
  EXPECT_EQ(StatusCodeOf(422), 3);
  EXPECT_EQ(StatusCodeOf(429), 8);
  EXPECT_EQ(StatusCodeOf(499), 1);
  EXPECT_EQ(StatusCodeOf(500), 13);
  EXPECT_EQ(StatusCodeOf(501), 12);
  EXPECT_EQ(StatusCodeOf(503), 14);
  EXPECT_EQ(StatusCodeOf(504), 4);
}

TEST(StatusCode, FindsTheWordsInEveryShape) {
  EXPECT_EQ(ErrorMessageOf(R"("plain")"), "plain");
  EXPECT_EQ(ErrorMessageOf(R"({"error":"text"})"), "text");
  EXPECT_EQ(ErrorMessageOf(R"({"error":{"message":"inner","code":1}})"), "inner");
  EXPECT_EQ(ErrorMessageOf("no json"), "the request failed");
  EXPECT_EQ(ErrorMessageOf("{}"), "the request failed");
  std::string high;
  for (int i = 0; i < 2000; ++i) high += "\xc3\xa9";
  const std::string cut = ErrorMessageOf("\"x" + high + "\"");
  EXPECT_EQ(cut.size(), 2047u);  // no half character
}

}  // namespace
}  // namespace pano::grpc
