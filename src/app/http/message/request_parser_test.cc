#include "app/http/message/request_parser.h"

#include <gtest/gtest.h>

#include "app/http/testing/gzip_text.h"
#include "base/strings.h"

namespace pano::http {
namespace {

using State = RequestParser::State;

RequestParser::State FeedAll(RequestParser& parser, std::string_view bytes, size_t step,
                             size_t* used) {
  *used = 0;
  while (*used < bytes.size() && parser.state() < State::kComplete) {
    *used += parser.Feed(bytes.substr(*used, step));
  }
  return parser.state();
}

TEST(RequestParser, GivesTheSameRequestWhateverThePieces) {
  for (std::string_view body : {"Content-Length: 5\r\n\r\nhello",
                                "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n"
                                "Authorization: trailers are no headers\r\n\r\n"}) {
    const std::string text =
        StrCat("POST /a%20b?k=v HTTP/1.1\r\nHost: h\r\nX-Y: z\r\n", body, "GET /next");
    for (size_t step = 1; step <= text.size(); ++step) {
      RequestParser parser({1000, 5});
      size_t used;
      ASSERT_EQ(FeedAll(parser, text, step, &used), State::kComplete) << parser.refusal().message;
      const Request& request = parser.request();
      EXPECT_EQ(request.path, "/a b");
      EXPECT_EQ(request.target, "/a%20b?k=v");
      EXPECT_EQ(request.body, "hello");
      EXPECT_EQ(request.Header("x-y"), "z");
      EXPECT_EQ(request.Header("authorization"), "");
      EXPECT_EQ(text.substr(used), "GET /next");
    }
  }
}

TEST(RequestParser, ReturnsOnceTheHeadIsKnown) {
  RequestParser parser({1000, 100});
  const std::string_view text = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx";
  EXPECT_EQ(parser.Feed(text), text.size() - 1);
  EXPECT_EQ(parser.state(), State::kBody);
  EXPECT_EQ(parser.Feed("x"), 1u);
  EXPECT_EQ(parser.state(), State::kComplete);
  EXPECT_EQ(parser.Feed("y"), 0u);
}

TEST(RequestParser, RefusesALongBodyBeforeItComes) {
  RequestParser parser({1000, 100});
  parser.Feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n");
  ASSERT_EQ(parser.state(), State::kRefused);
  EXPECT_EQ(parser.refusal().status, 413);
}

// The bodies of a long conversation are sent compressed by some clients.
TEST(RequestParser, UndoesGzip) {
  const std::string packed = testing::Gzip("{\"prompt\":\"hello\"}");
  const std::string chunked =
      StrCat(EncodeChunk(packed.substr(0, 5)), EncodeChunk(packed.substr(5)), kLastChunk);
  for (const std::string& body :
       {StrCat("Content-Length: ", packed.size(), "\r\n\r\n", packed),
        StrCat("Transfer-Encoding: chunked\r\n\r\n", chunked)}) {
    for (std::string_view encoding : {"gzip", "GZip", "x-gzip", "identity\r\nContent-Encoding: gzip"}) {
      const std::string text = StrCat("POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: ", encoding,
                                      "\r\n", body, "GET /next");
      for (size_t step : {size_t{1}, size_t{3}, text.size()}) {
        RequestParser parser({1000, 1000});
        size_t used;
        ASSERT_EQ(FeedAll(parser, text, step, &used), State::kComplete) << parser.refusal().message;
        EXPECT_EQ(parser.request().body, "{\"prompt\":\"hello\"}");
        EXPECT_EQ(text.substr(used), "GET /next");
      }
    }
  }
}

TEST(RequestParser, RefusesEncodingsThatItDoesNotUndo) {
  auto refusal = [](std::string_view encoding, std::string_view body, size_t bytes_max = 1000) {
    const std::string text = StrCat("POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: ", encoding,
                                    "\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
    RequestParser parser({1000, bytes_max});
    size_t used;
    FeedAll(parser, text, 1000, &used);
    return parser.state() == State::kRefused ? parser.refusal().status : 0;
  };
  const std::string packed = testing::Gzip("hello");
  EXPECT_EQ(refusal("gzip", packed), 0);
  EXPECT_EQ(refusal("br", packed), 415);
  EXPECT_EQ(refusal("gzip, gzip", packed), 415);
  EXPECT_EQ(refusal("gzip\r\nContent-Encoding: gzip", packed), 415);
  EXPECT_EQ(refusal("gzip", "hello"), 400);
  EXPECT_EQ(refusal("gzip", packed.substr(0, packed.size() - 1)), 400);
  EXPECT_EQ(refusal("gzip", packed + "x"), 400);
  EXPECT_EQ(refusal("gzip", testing::Gzip(std::string(101, 'a')), 100), 413);
  EXPECT_EQ(refusal("gzip", testing::Gzip(std::string(200'000, 'a')), 300'000), 413);
  // Without a body there is nothing to undo.
  RequestParser parser({1000, 1000});
  parser.Feed("GET / HTTP/1.1\r\nHost: h\r\nContent-Encoding: br\r\n\r\n");
  EXPECT_EQ(parser.state(), State::kComplete);
}

TEST(RequestParser, ChoosesRequestIds) {
  EXPECT_EQ(ChooseRequestId("A-b_c.9"), "A-b_c.9");
  for (const std::string& bad : {std::string(), std::string(65, 'a'), std::string("a b"),
                                 std::string("a\r\nb"), std::string("é")}) {
    EXPECT_TRUE(ChooseRequestId(bad).starts_with("req-")) << bad;
  }
  EXPECT_NE(ChooseRequestId(""), ChooseRequestId(""));
}

}  // namespace
}  // namespace pano::http
