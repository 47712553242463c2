#include "app/hub/hub_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::hub {
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

TEST(HubUrls, EncodeNames) {
  EXPECT_EQ(ListingUrl("https://h", "org/name", "refs/pr/1"),
            "https://h/api/models/org/name/revision/refs%2Fpr%2F1?blobs=true");
  EXPECT_EQ(FileUrl("https://h", "org/name", "main", "a b/ü?#%.gguf"),
            "https://h/org/name/resolve/main/a%20b/%C3%BC%3F%23%25.gguf");
}

TEST(ShownUrl, HidesWhatMayBeSecret) {
  const std::string shown = ShownUrl("https://user:pw@cdn.example/x?Signature=abc#f");
  EXPECT_THAT(shown, HasSubstr("https://cdn.example/x"));
  EXPECT_THAT(shown, Not(HasSubstr("abc")));
  EXPECT_THAT(shown, Not(HasSubstr("pw")));
}

}  // namespace
}  // namespace pano::hub
