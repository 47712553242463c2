#include "data/version/chunked/fast_cdc.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/random.h"

namespace pano::chunked {
namespace {

std::string RandomText(size_t bytes, uint64_t seed) {
  Random random(seed);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random.Next());
  return text;
}

std::vector<std::string> Chunks(std::string_view text, const CutRule& rule) {
  std::vector<std::string> chunks;
  while (!text.empty()) {
    const size_t size = FirstChunk(std::as_bytes(std::span(text)), rule);
    chunks.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return chunks;
}

TEST(FastCdc, SizesStayInTheirBoundsAndAroundTheAverage) {
  const CutRule rule{4096};
  const std::string text = RandomText(8u << 20, 1);
  const auto chunks = Chunks(text, rule);
  size_t sum = 0;
  for (size_t i = 0; i < chunks.size(); ++i) {
    EXPECT_LE(chunks[i].size(), rule.most());
    if (i + 1 < chunks.size()) {
      EXPECT_GT(chunks[i].size(), rule.least());
    }
    sum += chunks[i].size();
  }
  EXPECT_EQ(sum, text.size());
  const double average = static_cast<double>(sum) / static_cast<double>(chunks.size());
  EXPECT_GT(average, 3000);
  EXPECT_LT(average, 7000);
}

TEST(FastCdc, AnInsertedByteMovesFewCuts) {
  const CutRule rule{4096};
  std::string text = RandomText(4u << 20, 2);
  const auto before = Chunks(text, rule);
  const std::set<std::string> known(before.begin(), before.end());
  text.insert(text.size() / 2, "x");
  size_t fresh = 0;
  for (const std::string& chunk : Chunks(text, rule)) fresh += known.contains(chunk) ? 0 : 1;
  EXPECT_LE(fresh, 3u);
  EXPECT_GE(fresh, 1u);
}

TEST(FastCdc, TheRuleFollowsTheFilesSize) {
  EXPECT_EQ(RuleFor(0).average, 256u);
  EXPECT_EQ(RuleFor(10u << 20).average, 1024u);
  EXPECT_EQ(RuleFor(uint64_t{1} << 40).average, 1u << 20);
  EXPECT_FALSE(IsValid({1000}));
  EXPECT_FALSE(IsValid({128}));
  EXPECT_TRUE(IsValid({256}));
  EXPECT_EQ(FirstChunk(std::as_bytes(std::span("a", 1)), {256}), 1u);
}

}  // namespace
}  // namespace pano::chunked
