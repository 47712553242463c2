#include "app/http/url.h"

#include <gtest/gtest.h>

namespace pano::http {
namespace {

TEST(Url, TakesItApart) {
  const auto url = ParseUrl("http://example.com:8080/v1/");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(url->path, "/v1");
  EXPECT_EQ(url->HostField(), "example.com:8080");
  EXPECT_EQ(ParseUrl("localhost:81")->port, 81);
  EXPECT_EQ(ParseUrl("HTTP://h")->HostField(), "h");
  EXPECT_EQ(ParseUrl("http://[::1]:9/x")->host, "::1");
  EXPECT_EQ(ParseUrl("http://[::1]:9/x")->HostField(), "[::1]:9");
}

TEST(Url, SaysWhatItIsNot) {
  EXPECT_EQ(ParseUrl("https://h").status().code(), StatusCode::kUnimplemented);
  for (const char* bad :
       {"", "http://", "ftp://h", "http://h:0", "http://h:70000", "http://h:x", "http://[::1",
        "http://[::1]x", "::1", "http://h/a?b", "http://a b", "http://h\r\nX: y", "http://u@h"}) {
    EXPECT_EQ(ParseUrl(bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace pano::http
