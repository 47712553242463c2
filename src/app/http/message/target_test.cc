#include "app/http/message/target.h"

#include <gtest/gtest.h>

namespace pano::http {
namespace {

TEST(Target, DecodesPathAndQuery) {
  const auto target = ParseTarget("/v1/a%2Fb%20c+d?x=1&y=a+b%26&&flag&=v&x=2");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/v1/a/b c+d");
  const std::vector<std::pair<std::string, std::string>> want = {
      {"x", "1"}, {"y", "a b&"}, {"flag", ""}, {"", "v"}, {"x", "2"}};
  EXPECT_EQ(target->query, want);
}

TEST(Target, DecodesOnce) { EXPECT_EQ(ParseTarget("/%2541")->path, "/%41"); }

TEST(Target, TakesAbsoluteFormAndStar) {
  EXPECT_EQ(ParseTarget("http://host:1/p?q")->path, "/p");
  EXPECT_EQ(ParseTarget("HTTP://host")->path, "/");
  EXPECT_EQ(ParseTarget("http://host?a=b")->query.size(), 1u);
  EXPECT_EQ(ParseTarget("*")->path, "*");
}

TEST(Target, RefusesWhatIsIllFormed) {
  for (const char* bad : {"", "host:80", "a/b", "/%", "/%4", "/%4g", "/%00", "/%ff", "/%0a", "/#x",
                          "/?a=%", "/?%00", "/?a=%c3", "/caf\xc3\xa9", "/a b", "ftp://x/"}) {
    EXPECT_EQ(ParseTarget(bad).status().code(), StatusCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace pano::http
