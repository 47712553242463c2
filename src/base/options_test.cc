#include "base/options.h"

#include <gtest/gtest.h>

namespace pano {
namespace {

TEST(Options, StoresValuesAndChecksRanges) {
  int64_t port = 8080;
  bool verbose = false;
  std::vector<std::string> models;
  std::string kind = "a";
  OptionSet set;
  set.Int("port", &port, 0, 65535, "port").Flag("verbose", &verbose, "talk");
  set.Strings("model", &models, "models", "PATH").Choice("kind", &kind, {"a", "b"}, "kind");
  EXPECT_TRUE(set.Set("port", "90").ok());
  EXPECT_EQ(port, 90);
  EXPECT_EQ(set.Set("port", "65536").message(), "--port: '65536' is not a number from 0 to 65535");
  EXPECT_FALSE(set.Set("port", "9x").ok());
  EXPECT_TRUE(set.Set("verbose", "").ok());
  EXPECT_TRUE(verbose);
  EXPECT_TRUE(set.Set("model", "x").ok());
  EXPECT_TRUE(set.Set("model", "y").ok());
  EXPECT_EQ(models.size(), 2u);
  EXPECT_FALSE(set.Set("kind", "c").ok());
  EXPECT_FALSE(set.Set("nope", "c").ok());
  EXPECT_EQ(set.Find("port")->default_text, "8080");
}

TEST(Options, NamesEnvironmentVariables) {
  EXPECT_EQ(EnvironmentName("max-tokens"), "PANO_MAX_TOKENS");
}

}  // namespace
}  // namespace pano
