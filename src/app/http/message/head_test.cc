#include "app/http/message/head.h"

#include <gtest/gtest.h>

#include "app/http/message/head_scanner.h"

namespace pano::http {
namespace {

int RefusalStatus(std::string_view text) {
  RequestHead head;
  const auto refusal = ParseRequestHead(text, head);
  return refusal ? refusal->status : 0;
}

TEST(Head, ReadsARequest) {
  RequestHead head;
  ASSERT_FALSE(
      ParseRequestHead("POST /p?q HTTP/1.1\r\nHost: h\r\nContent-LENGTH:  12 \r\n"
                       "Empty:\r\nExpect: 100-Continue\r\n\r\n",
                       head));
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/p?q");
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_EQ(head.headers.size(), 4u);
  EXPECT_EQ(head.headers[2].second, "");
}

TEST(Head, KnowsWhenTheConnectionStays) {
  const auto keeps = [](std::string_view text) {
    RequestHead head;
    EXPECT_FALSE(ParseRequestHead(text, head));
    return head.keep_alive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: TE, Close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(Head, RefusesAmbiguousEnds) {
  EXPECT_EQ(
      RefusalStatus("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n"),
      400);
  EXPECT_EQ(RefusalStatus("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n"), 501);
  EXPECT_EQ(RefusalStatus("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: CHUNKED\r\n\r\n"), 0);
  EXPECT_EQ(RefusalStatus("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\n"), 400);
  EXPECT_EQ(RefusalStatus("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\n"), 400);
}

TEST(Head, ReadsAResponse) {
  ResponseHead head;
  ASSERT_FALSE(ParseResponseHead("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n", head));
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.content_length, 3u);
  EXPECT_TRUE(ParseResponseHead("HTTP/1.1 4x4 No\r\n\r\n", head));
  EXPECT_TRUE(ParseResponseHead("SSH-2.0-x\r\n\r\n", head));
}

TEST(HeadScanner, FindsTheEndWhateverThePieces) {
  const std::string_view text = "\r\nGET / HTTP/1.1\r\nA: b\tc\r\n\r\nBODY";
  for (size_t step = 1; step <= text.size(); ++step) {
    HeadScanner scanner(1000);
    size_t used = 0;
    while (scanner.state() == HeadScanner::State::kMore)
      used += scanner.Feed(text.substr(used, step));
    EXPECT_EQ(scanner.state(), HeadScanner::State::kDone);
    EXPECT_EQ(scanner.text(), "GET / HTTP/1.1\r\nA: b\tc\r\n\r\n");
    EXPECT_EQ(text.substr(used), "BODY");
  }
}

TEST(HeadScanner, RefusesAtOnce) {
  for (std::string_view bad :
       {"\n", "GET\n", "\rG", "A\r\r", " GET", "GET / H\r\n A: b", "A\x01", "A\x7f"}) {
    HeadScanner scanner(1000);
    scanner.Feed(bad);
    EXPECT_EQ(scanner.state(), HeadScanner::State::kMalformed) << bad;
  }
  HeadScanner scanner(5);
  EXPECT_EQ(scanner.Feed("GET / "), 5u);
  EXPECT_EQ(scanner.state(), HeadScanner::State::kTooLarge);
}

}  // namespace
}  // namespace pano::http
