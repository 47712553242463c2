#include "model/engine/sampling/token_history.h"

#include <gtest/gtest.h>

namespace pano::engine {
namespace {

using Counts = std::unordered_map<TokenId, int32_t>;

TEST(HistoryPreview, LeavesTheHistoryAsItWas) {
  const std::vector<TokenId> prompt = {1, 2, 2};
  TokenHistory history(prompt);
  history.AddOutput(2);
  history.AddOutput(3);
  const Counts before = {{1, 0}, {2, 1}, {3, 1}};
  ASSERT_EQ(history.output_counts(), before);
  {
    HistoryPreview preview(&history);
    for (TokenId id : {1, 4, 4, 3, 1}) preview.AddOutput(id);
    EXPECT_EQ(history.output_counts(), (Counts{{1, 2}, {2, 1}, {3, 2}, {4, 2}}));
  }
  EXPECT_EQ(history.output_counts(), before);
}

TEST(HistoryPreview, OfNoHistoryIsNothing) {
  HistoryPreview preview(nullptr);
  preview.AddOutput(1);
}

}  // namespace
}  // namespace pano::engine
