#include "pano/chat/nearest_word.h"

#include <string>

#include <gtest/gtest.h>

namespace pano::chat {
namespace {

TEST(NearestWord, SlipsOfTheFinger) {
  constexpr std::string_view kWords[] = {"temperature", "top-k", "top-p", "seed", "set"};
  EXPECT_EQ(NearestWord("temprature", kWords), "temperature");
  EXPECT_EQ(NearestWord("tempreature", kWords), "temperature");
  EXPECT_EQ(NearestWord("temp", kWords), "temperature");
  EXPECT_EQ(NearestWord("topk", kWords), "top-k");
  EXPECT_EQ(NearestWord("sede", kWords), "seed");
  EXPECT_EQ(NearestWord("xyzzy", kWords), "");
  EXPECT_EQ(NearestWord("ab", kWords), "");
  EXPECT_EQ(NearestWord("", kWords), "");
  EXPECT_EQ(NearestWord(std::string(1 << 20, 'a'), kWords), "");
}

}  // namespace
}  // namespace pano::chat
