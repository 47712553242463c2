#include "model/tools/json_scanner.h"

#include <gtest/gtest.h>

#include <string>

#include "base/json.h"

namespace pano::tools {
namespace {

using R = JsonScanner::Result;

// Where the value ends: bytes of it, or -1 for an error, or -2 for none.
int End(const std::string& text) {
  JsonScanner scanner;
  for (size_t i = 0; i < text.size(); ++i) {
    const R step = scanner.Step(text[i]);
    if (step == R::kError) return -1;
    if (step == R::kDone) return static_cast<int>(i) + 1;
    if (step == R::kDoneBefore) return static_cast<int>(i);
  }
  return scanner.MayEnd() ? static_cast<int>(text.size()) : -2;
}

TEST(JsonScanner, FindsTheEndOfAValue) {
  EXPECT_EQ(End(R"({"a": [1, 2.5e-3, "x\"y\u00e9"], "b": {}} tail)"), 41);
  EXPECT_EQ(End("[]]"), 2);
  EXPECT_EQ(End("12,"), 2);
  EXPECT_EQ(End("-0.5"), 4);
  EXPECT_EQ(End("true"), 4);
  EXPECT_EQ(End(" null"), 5);
  EXPECT_EQ(End("\"a\\\\\"b"), 5);
}

TEST(JsonScanner, RefusesAtTheFirstWrongByte) {
  for (const char* text : {"{'a'", "{\"a\":1,}", "[1,]", "{\"a\" 1", "01", "-x", "1.x", "1e+x", "tru3",
                           "\"\\q", "\"\\u00g", "\"a\nb", "{,", "[1 2", "+1", "NaN", "}"}) {
    EXPECT_EQ(End(text), -1) << text;
  }
}

TEST(JsonScanner, TakesEveryBeginning) {
  const std::string text = R"({"a": [1, -2.5e+3, true, null, "x\u00e9"], "b": {"c": []}})";
  for (size_t n = 0; n < text.size(); ++n) EXPECT_EQ(End(text.substr(0, n)), -2) << n;
}

TEST(JsonScanner, HoldsDepthToItsLimit) {
  std::string text(JsonScanner::kDepthMax, '[');
  EXPECT_EQ(End(text), -2);
  EXPECT_TRUE(json::Parse(text + std::string(text.size(), ']')).ok());
  EXPECT_EQ(End(text + "["), -1);
}

}  // namespace
}  // namespace pano::tools
