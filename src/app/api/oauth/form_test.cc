#include "app/api/oauth/form.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::api::oauth {
namespace {

TEST(Form, DecodesItsFields) {
  const Form form = Form::Parse("grant_type=client_credentials&scope=models%3A*%3Aread+admin&empty=&alone").value();
  EXPECT_EQ(form.Get("grant_type"), "client_credentials");
  EXPECT_EQ(form.Get("scope"), "models:*:read admin");
  EXPECT_EQ(form.Get("empty"), "");
  EXPECT_EQ(form.Get("alone"), "");
  EXPECT_EQ(form.Get("absent"), "");
  EXPECT_EQ(Form::Parse("").value().fields().size(), 0u);
  EXPECT_EQ(Form::Parse("&&a=b&").value().Get("a"), "b");
}

TEST(Form, RefusesWhatCouldBeReadInTwoWays) {
  for (const char* bad : {"a=1&a=2", "a=1&%61=2", "a=%", "a=%4", "a=%zz", "a=%00", "a=%ff", "%ff=a"}) {
    EXPECT_FALSE(Form::Parse(bad).ok()) << bad;
  }
  EXPECT_FALSE(Form::FromQuery({{"a", "1"}, {"a", "1"}}).ok());
}

TEST(Form, IsBounded) {
  EXPECT_FALSE(Form::Parse(std::string(Form::kBytesMax + 1, 'a')).ok());
  std::string many;
  for (size_t i = 0; i < Form::kFieldsMax; ++i) many += StrCat("f", i, "=1&");
  EXPECT_TRUE(Form::Parse(many).ok());
  EXPECT_FALSE(Form::Parse(many + "one=more").ok());
}

TEST(Form, Escapes) {
  EXPECT_EQ(EscapeHtml("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
}

TEST(Form, ReadsBasicCredentials) {
  const BasicCredentials credentials = ParseBasic("Basic c3ZjOmh1bnRlcjI=").value();
  EXPECT_TRUE(credentials.shown);
  EXPECT_EQ(credentials.id, "svc");
  EXPECT_EQ(credentials.secret, "hunter2");
  EXPECT_EQ(ParseBasic("basic YSUzQWI6eCt5").value().id, "a:b");
  EXPECT_EQ(ParseBasic("basic YSUzQWI6eCt5").value().secret, "x y");
  EXPECT_FALSE(ParseBasic("").value().shown);
  EXPECT_FALSE(ParseBasic("Bearer x").value().shown);
  for (const char* bad : {"Basic ", "Basic !", "Basic c3Zj", "Basic YTolem=="}) EXPECT_FALSE(ParseBasic(bad).ok()) << bad;
}

}  // namespace
}  // namespace pano::api::oauth
