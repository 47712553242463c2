#include "model/nn/pass_rows.h"

#include <gtest/gtest.h>

#include "model/nn/model.h"
#include "model/nn/testing/random_model.h"

namespace pano::nn {
namespace {

std::vector<std::pair<int64_t, int64_t>> Keys(const PassRows& rows, int64_t window) {
  std::vector<std::pair<int64_t, int64_t>> out;
  for (const ops::KeyRange& range : rows.Attention(0, window).keys) {
    out.emplace_back(range.first, range.end);
  }
  return out;
}
using Ranges = std::vector<std::pair<int64_t, int64_t>>;

class PassRowsTest : public ::testing::Test {
 protected:
  RowSpan Span(size_t count, int64_t position) {
    RowSpan span;
    span.count = count;
    span.position = position;
    span.tables = tables_;
    return span;
  }
  static ModelConfig Config(bool causal, int64_t window) {
    ModelConfig config = testing::SmallConfig();
    config.causal = causal;
    config.layers[1].window = window;
    return config;
  }
  const std::vector<BlockId> block_ = {0, 1};
  const std::vector<std::span<const BlockId>> tables_{block_};
};

TEST_F(PassRowsTest, CausalRowsSeeWhatCameBefore) {
  const ModelConfig config = Config(true, 3);
  PassRows rows(config);
  const RowSpan spans[] = {Span(2, 5), Span(1, 0)};
  rows.Reset(spans, 1);
  EXPECT_EQ(rows.size(), 3u);
  EXPECT_EQ(Keys(rows, 0), (Ranges{{0, 6}, {0, 7}, {0, 1}}));
  EXPECT_EQ(Keys(rows, 3), (Ranges{{3, 6}, {4, 7}, {0, 1}}));
  EXPECT_EQ(rows.sequences(0)[1].first_row, 2u);
  EXPECT_EQ(rows.position_ids()[1], 6);
  EXPECT_EQ(rows.largest_id(), 6);
  rows.Reset(std::span(spans).last(1), 1);  // again, for another pass
  EXPECT_EQ(Keys(rows, 0), (Ranges{{0, 1}}));
}

TEST_F(PassRowsTest, WindowsOfEncodersGoByPositionIds) {
  const ModelConfig config = Config(false, 4);
  PassRows rows(config);
  RowSpan span = Span(4, 0);
  const std::vector<int32_t> ids = {0, 1, 7, 8};
  span.position_ids = ids;
  rows.Reset({&span, 1}, 1);
  EXPECT_EQ(Keys(rows, 0), (Ranges{{0, 4}, {0, 4}, {0, 4}, {0, 4}}));
  EXPECT_EQ(Keys(rows, 4), (Ranges{{0, 2}, {0, 2}, {2, 4}, {2, 4}}));
  EXPECT_FALSE(rows.Attention(0, 4).consecutive_ids);
  span.position_ids = {};
  rows.Reset({&span, 1}, 1);
  EXPECT_EQ(Keys(rows, 4), (Ranges{{0, 3}, {0, 4}, {0, 4}, {1, 4}}));
}

TEST_F(PassRowsTest, QueryOnlyRowsSeeTheOthersAndAreNotSeen) {
  RowSpan span = Span(4, 0);
  const std::vector<int32_t> ids = {1, 3, 5, 4};  // the last one stands between them
  span.position_ids = ids;
  span.query_only = 1;
  const ModelConfig both = Config(false, 0), causal = Config(true, 0);
  PassRows both_ways(both), back(causal);
  both_ways.Reset({&span, 1}, 1);
  back.Reset({&span, 1}, 1);
  EXPECT_EQ(Keys(both_ways, 0), (Ranges{{0, 3}, {0, 3}, {0, 3}, {0, 3}}));
  EXPECT_EQ(Keys(back, 0), (Ranges{{0, 1}, {0, 2}, {0, 3}, {0, 2}}));
}

TEST_F(PassRowsTest, MemoryIsDealtOutInTurn) {
  const ModelConfig config = Config(true, 0);
  PassRows rows(config);
  RowSpan spans[] = {Span(2, 0), Span(1, 0)};
  spans[0].memory_rows = 7;
  spans[1].memory_rows = 3;
  rows.Reset(spans, 1);
  EXPECT_EQ(rows.memory()[1].first_key, 7u);
  EXPECT_EQ(rows.memory()[1].key_count, 3u);
  EXPECT_EQ(rows.memory()[1].first_row, 2u);
}

}  // namespace
}  // namespace pano::nn
