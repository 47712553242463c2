#include "model/train/data/token_store.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "model/train/data/document_rows.h"

namespace pano::train {
namespace {

TEST(TokenStore, GivesBackWhatItTookFromMemoryAndFile) {
  for (size_t memory : {size_t{1} << 20, size_t{64}, size_t{0}}) {
    TokenStore store(memory);
    Random random(3);
    std::vector<std::vector<int32_t>> all;
    for (int i = 0; i < 200; ++i) {
      std::vector<int32_t> values(random.Below(40));
      for (int32_t& value : values) value = static_cast<int32_t>(random.Next());
      ASSERT_TRUE(store.Append(values).ok());
      all.push_back(std::move(values));
    }
    ASSERT_EQ(store.count(), 200);
    for (int i = 199; i >= 0; --i) {
      const std::vector<int32_t>& values = all[static_cast<size_t>(i)];
      ASSERT_EQ(store.length(i), static_cast<int64_t>(values.size()));
      EXPECT_EQ(store.Read(i, 0, store.length(i)).value(), values);
      if (values.size() > 3) {
        EXPECT_EQ(store.Read(i, 1, 2).value(), (std::vector<int32_t>{values[1], values[2]}));
      }
    }
  }
}

TEST(DocumentRows, EveryTokenOfAWholeDocumentStandsInOneRow) {
  DocumentRows rows(DocumentRows::Layout::kPackWhole, 16);
  Random random(5);
  int64_t tokens = 0;
  for (int32_t document = 0; document < 300; ++document) {
    const std::vector<int32_t> ids(1 + random.Below(20), document);
    tokens += std::min<int64_t>(16, static_cast<int64_t>(ids.size()));
    ASSERT_TRUE(rows.Add(ids, {}).ok());
  }
  rows.Finish("v");
  int64_t placed = 0;
  std::vector<int> seen(300, 0);
  for (int64_t r = 0; r < rows.size(); ++r) {
    const Sequence s = rows.Read(r)->sequences[0];
    EXPECT_LE(s.input_ids.size(), 16u);
    placed += static_cast<int64_t>(s.input_ids.size());
    for (size_t i = 0; i < s.input_ids.size(); ++i) {
      const bool begins = s.position_ids[i] == 0;
      if (begins) ++seen[static_cast<size_t>(s.input_ids[i])];
      EXPECT_EQ(s.labels[i], begins ? kNoLabel : s.input_ids[i]);
      if (!begins) {
        EXPECT_EQ(s.input_ids[i], s.input_ids[i - 1]);
      }
    }
  }
  EXPECT_EQ(placed, tokens);
  EXPECT_EQ(seen, std::vector<int>(300, 1));
  EXPECT_LT(rows.size(), tokens / 16 * 5 / 4) << "rows are well filled";
}

}  // namespace
}  // namespace pano::train
