#include "app/api/anthropic/content_blocks.h"

#include <gtest/gtest.h>

#include "app/api/anthropic/rate_limits.h"
#include "base/strings.h"

namespace pano::api::anthropic {
namespace {

// A line an event.
class Lines final : public BlockSink {
 public:
  void StartBlock(int64_t index, json::Value block) override { text += StrCat(index, " ", json::Dump(block), "\n"); }
  void AddToBlock(int64_t index, json::Value delta) override { text += StrCat(index, " + ", json::Dump(delta), "\n"); }
  void StopBlock(int64_t index) override { text += StrCat(index, " end\n"); }
  std::string text;
};

// Thoughts, words, two calls and a word behind them.
void Say(BlockCutter& cutter) {
  cutter.Add({.content = "", .reasoning = "hm", .calls = {}});
  cutter.Add({.content = "I ", .reasoning = "m", .calls = {}});
  cutter.Add({.content = "add.", .reasoning = "", .calls = {{0, "call_1", "add", "{\"a\""}}});
  cutter.Add({.content = "", .reasoning = "", .calls = {{0, "", "", ":1}"}, {1, "x", "sub", "{"}}});
  cutter.Add({.content = "!", .reasoning = "", .calls = {}});
  cutter.Finish();
}

TEST(ContentBlocks, StandOneAfterTheOther) {
  Lines lines;
  BlockCutter cutter(lines);
  Say(cutter);
  EXPECT_EQ(lines.text, R"(0 {"type":"thinking","thinking":"","signature":""}
0 + {"type":"thinking_delta","thinking":"hm"}
0 + {"type":"thinking_delta","thinking":"m"}
0 + {"type":"signature_delta","signature":""}
0 end
1 {"type":"text","text":""}
1 + {"type":"text_delta","text":"I "}
1 + {"type":"text_delta","text":"add."}
1 end
2 {"type":"tool_use","id":"toolu_1","name":"add","input":{}}
2 + {"type":"input_json_delta","partial_json":"{\"a\""}
2 + {"type":"input_json_delta","partial_json":":1}"}
2 end
3 {"type":"tool_use","id":"x","name":"sub","input":{}}
3 + {"type":"input_json_delta","partial_json":"{"}
3 end
4 {"type":"text","text":""}
4 + {"type":"text_delta","text":"!"}
4 end
)");
}

TEST(ContentBlocks, AListHasTheSame) {
  BlockList list;
  BlockCutter cutter(list);
  Say(cutter);
  EXPECT_EQ(json::Dump(list.Take()),
            R"([{"type":"thinking","thinking":"hmm","signature":""},{"type":"text","text":"I add."},)"
            R"({"type":"tool_use","id":"toolu_1","name":"add","input":{"a":1}},)"
            R"({"type":"tool_use","id":"x","name":"sub","input":{}},{"type":"text","text":"!"}])");
}

TEST(ContentBlocks, NothingIsAnEmptyText) {
  BlockList list;
  BlockCutter cutter(list);
  cutter.Finish();
  EXPECT_EQ(json::Dump(list.Take()), R"([{"type":"text","text":""}])");
}

TEST(RateLimits, AreGivenUnderAnthropicsNames) {
  http::Headers headers = {{"x-ratelimit-limit-requests", "10"}, {"x-ratelimit-reset-tokens", "1m30s"},
                           {"x-ratelimit-reset-requests", "250ms"}, {"other", "x"}};
  AddRateLimits(0, headers);
  ASSERT_EQ(headers.size(), 7u);
  EXPECT_EQ(headers[4], std::pair(std::string("anthropic-ratelimit-requests-limit"), std::string("10")));
  EXPECT_EQ(headers[5].second, "1970-01-01T00:01:30Z");
  EXPECT_EQ(headers[6].second, "1970-01-01T00:00:01Z");
}

}  // namespace
}  // namespace pano::api::anthropic
