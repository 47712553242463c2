#include "data/version/remote/s3/aws_settings.h"

#include <gtest/gtest.h>

#include <string>

#include "base/testing/memory_env.h"

namespace pano::remote {
namespace {

TEST(AwsConfig, ReadsSectionsNestedKeysAndComments) {
  const auto sections = ParseAwsConfig(
      "# c\n[default]\nregion = eu-west-1 # here\ns3 =\n  addressing_style = path\n  "
      "x=y\noutput=json\n\n[profile dev]\naws_access_key_id=A\naws_secret_access_key = a#b;c\n");
  ASSERT_TRUE(sections.ok()) << sections.error().message();
  EXPECT_EQ(sections->at("default").at("region"), "eu-west-1");
  EXPECT_EQ(sections->at("default").at("s3.addressing_style"), "path");
  EXPECT_EQ(sections->at("default").at("output"), "json");
  EXPECT_EQ(sections->at("profile dev").at("aws_secret_access_key"), "a#b;c");
}

TEST(AwsConfig, SaysTheLine) {
  EXPECT_EQ(ParseAwsConfig("[a\n").error().message(), "line 1: a section's name has no ']'");
  EXPECT_EQ(ParseAwsConfig("\nx = 1\n").error().message(),
            "line 2: neither a section nor 'key = value'");
  EXPECT_EQ(ParseAwsConfig("[a]\nwords\n").error().message(),
            "line 2: neither a section nor 'key = value'");
}

struct Files {
  MemoryEnv env;
  Files() {
    EXPECT_TRUE(env.MakeFolder("/home").ok());
    EXPECT_TRUE(env.MakeFolder("/home/.aws").ok());
    env.SetVariable("HOME", "/home");
  }
  Result<AwsSettings> Find(const std::map<std::string, std::string>& remote,
                           bool anonymous = false) {
    return FindAwsSettings(remote, anonymous, env, env);
  }
};

TEST(AwsSettings, RemoteThenEnvironmentThenFiles) {
  Files files;
  ASSERT_TRUE(
      WriteFile(
          "/home/.aws/credentials",
          "[default]\naws_access_key_id = F\naws_secret_access_key = f\n[dev]\naws_access_key_id = "
          "D\naws_secret_access_key = d\naws_session_token = t\n",
          files.env)
          .ok());
  ASSERT_TRUE(WriteFile("/home/.aws/config",
                        "[default]\nregion = eu-north-1\n[profile dev]\nregion = "
                        "ap-east-1\nendpoint_url = http://dev\n",
                        files.env)
                  .ok());
  EXPECT_EQ(files.Find({})->credentials.access_key, "F");
  EXPECT_EQ(files.Find({})->region, "eu-north-1");
  const auto dev = files.Find({{"profile", "dev"}});
  EXPECT_EQ(dev->credentials.session_token, "t");
  EXPECT_EQ(dev->region, "ap-east-1");
  EXPECT_EQ(dev->endpoint, "http://dev");
  files.env.SetVariable("AWS_ACCESS_KEY_ID", "E");
  files.env.SetVariable("AWS_SECRET_ACCESS_KEY", "e");
  files.env.SetVariable("AWS_REGION", "us-west-2");
  EXPECT_EQ(files.Find({})->credentials.access_key, "E");
  EXPECT_EQ(files.Find({})->region, "us-west-2");
  EXPECT_EQ(files.Find({{"profile", "dev"}})->credentials.access_key, "D");
  EXPECT_EQ(
      files.Find({{"access_key_id", "R"}, {"secret_access_key", "r"}})->credentials.secret_key,
      "r");
}

TEST(AwsSettings, NoCredentialsIsAFailureThatSaysWhere) {
  Files files;
  const auto none = files.Find({});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), StatusCode::kUnauthenticated);
  EXPECT_NE(none.error().message().find("/home/.aws/credentials"), std::string::npos);
  EXPECT_TRUE(files.Find({}, true).ok());
  EXPECT_FALSE(files.Find({{"access_key_id", "R"}}).ok());
  ASSERT_TRUE(WriteFile("/home/.aws/config", "words\n", files.env).ok());
  EXPECT_NE(files.Find({}, true).error().message().find("/home/.aws/config: line 1"),
            std::string::npos);
}

}  // namespace
}  // namespace pano::remote
