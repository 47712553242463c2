#include "base/closest_name.h"

#include <gtest/gtest.h>

#include <vector>

namespace pano {
namespace {

TEST(ClosestName, FindsWhatWasMeant) {
  const std::vector<std::string_view> names = {"max_tokens", "temperature", "top_k",
                                               "top_p",      "seed",        "stop"};
  EXPECT_EQ(ClosestName("max_token", names), "max_tokens");
  EXPECT_EQ(ClosestName("max-tokens", names), "max_tokens");
  EXPECT_EQ(ClosestName("maxTokens", names), "max_tokens");
  EXPECT_EQ(ClosestName("tempurature", names), "temperature");
  EXPECT_EQ(ClosestName("tempreature", names), "temperature");
  EXPECT_EQ(ClosestName("TOP_K", names), "top_k");
  EXPECT_EQ(ClosestName("sede", names), "seed");
  EXPECT_EQ(ClosestName("temp", names), "temperature");  // the only one that begins so
  EXPECT_EQ(DidYouMean("stp", names), "; did you mean 'stop'?");
}

TEST(ClosestName, SaysNothingWhereNothingIsClose) {
  const std::vector<std::string_view> names = {"max_tokens", "n", "seed", ""};
  for (std::string_view name : {"", "x", "frobnicate", "tokens_max_of_all", "m"}) {
    EXPECT_EQ(ClosestName(name, names), "") << name;
    EXPECT_EQ(DidYouMean(name, names), "") << name;
  }
  EXPECT_EQ(ClosestName(std::string(100'000, 'a'), names), "");
  EXPECT_EQ(ClosestName("max_tokens", {}), "");
}

}  // namespace
}  // namespace pano
