#include "app/http/message/response_head.h"

#include <gtest/gtest.h>

namespace pano::http {
namespace {

TEST(ResponseHead, WritesTheServersFieldsOnce) {
  ResponseHeadFields fields;
  fields.content_length = 5;
  fields.unix_seconds = 784111777;
  fields.request_id = "r1";
  EXPECT_EQ(FormatResponseHead(fields, {{"Content-Type", "text/plain"},
                                        {"content-LENGTH", "9"},
                                        {"X-Request-ID", "other"},
                                        {"Connection", "upgrade"}}),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Request-Id: r1\r\n"
            "Content-Length: 5\r\nContent-Type: text/plain\r\n\r\n");
}

TEST(ResponseHead, CannotBeSplit) {
  const std::string head = FormatResponseHead({}, {{"A", "b\r\nC: d"}, {"E\r\nF", "g"}, {"", "h"}});
  EXPECT_NE(head.find("A: b  C: d\r\n"), std::string::npos);
  EXPECT_EQ(head.find("\nF"), std::string::npos);
}

TEST(ResponseHead, SaysHowTheBodyEnds) {
  ResponseHeadFields fields;
  fields.framing = BodyFraming::kChunked;
  EXPECT_NE(FormatResponseHead(fields, {}).find("Transfer-Encoding: chunked"), std::string::npos);
  fields.framing = BodyFraming::kUntilClose;
  fields.keep_alive = false;
  const std::string head = FormatResponseHead(fields, {});
  EXPECT_EQ(head.find("Transfer-Encoding"), std::string::npos);
  EXPECT_NE(head.find("Connection: close"), std::string::npos);
}

}  // namespace
}  // namespace pano::http
