#include "base/curl/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Origin, IsSchemeHostAndPort) {
  EXPECT_EQ(*OriginOf("https://Hub.example/x"), *OriginOf("HTTPS://hub.example:443/y?z"));
  EXPECT_NE(*OriginOf("https://hub.example"), *OriginOf("https://hub.example:8443"));
  EXPECT_NE(*OriginOf("https://hub.example"), *OriginOf("http://hub.example:443"));
  EXPECT_NE(*OriginOf("https://hub.example"), *OriginOf("https://hub.example.evil"));
  // What stands before '@' is a user, not the host.
  EXPECT_EQ(OriginOf("https://hub.example@evil.example/")->host, "evil.example");
  for (const char* url : {"", "ftp://x/", "file:///etc/passwd", "hub.example", "https://"}) {
    EXPECT_FALSE(OriginOf(url).ok()) << url;
  }
}

TEST(Location, IsResolvedAndNeverLeavesHttps) {
  EXPECT_EQ(*ResolveLocation("https://a.example/x/y", "/z?q=1"), "https://a.example/z?q=1");
  EXPECT_EQ(*ResolveLocation("https://a.example/x/y", "z"), "https://a.example/x/z");
  EXPECT_EQ(*ResolveLocation("http://a.example/", "https://b.example/"), "https://b.example/");
  EXPECT_EQ(*ResolveLocation("https://a.example/", "//b.example/x"), "https://b.example/x");
  for (const char* location : {"", "http://b.example/", "file:///etc/passwd", "gopher://x/"}) {
    EXPECT_FALSE(ResolveLocation("https://a.example/", location).ok()) << location;
  }
}

TEST(ShownUrl, HidesWhatMayBeSecret) {
  const std::string shown = ShownUrl("https://user:pw@cdn.example/x?Signature=abc#f");
  EXPECT_THAT(shown, HasSubstr("https://cdn.example/x"));
  EXPECT_THAT(shown, Not(HasSubstr("abc")));
  EXPECT_THAT(shown, Not(HasSubstr("pw")));
}

TEST(ShownUrl, TakesWhatIsNoUrlOfCurls) {
  EXPECT_EQ(ShownUrl("s3://bucket/key"), "s3://bucket/key");
  EXPECT_EQ(ShownUrl("https://u:p@ss@host/x@y"), "https://host/x@y");
  EXPECT_EQ(ShownUrl("https://host/x@y"), "https://host/x@y");
  EXPECT_EQ(ShownUrl(""), "");
  EXPECT_THAT(ShownUrl("http://x/a\nb"), Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace pano
