#include "pano/chat/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::chat {
namespace {

Conversation Turns(int count) {
  Conversation out;
  for (int i = 0; i < count; ++i) {
    out.AddUser(StrCat("q", i));
    out.AddAnswer(StrCat("a", i), "thought");
  }
  return out;
}

TEST(Conversation, IsWhatTemplatesTake) {
  Conversation conversation = Turns(1);
  EXPECT_EQ(json::Dump(conversation.ForModel()),
            R"([{"role":"user","content":"q0"},{"role":"assistant","content":"a0"}])");
  conversation.set_system("Be brief.");
  EXPECT_EQ(json::Dump(conversation.ForModel().as_array()[0]),
            R"({"role":"system","content":"Be brief."})");
  conversation.Clear();
  EXPECT_TRUE(conversation.empty());
  EXPECT_EQ(conversation.system(), "Be brief.");
  EXPECT_EQ(json::Dump(Conversation().ForModel()), "[]");
}

TEST(Conversation, UndoTakesATurnBack) {
  Conversation conversation = Turns(2);
  EXPECT_EQ(conversation.UndoTurn(), "q1");
  EXPECT_EQ(conversation, Turns(1));
  conversation.AddUser("unanswered");
  EXPECT_EQ(conversation.UndoTurn(), "unanswered");
  EXPECT_EQ(conversation.UndoTurn(), "q0");
  EXPECT_EQ(conversation.UndoTurn(), "");
  conversation.AddAnswer("a greeting that nobody asked for");
  EXPECT_EQ(conversation.UndoTurn(), "");
  EXPECT_TRUE(conversation.empty());
}

TEST(Conversation, TheLastTurnIsNeverDropped) {
  Conversation conversation = Turns(3);
  EXPECT_EQ(conversation.DropOldestTurns(1), 1u);
  EXPECT_EQ(conversation.messages()[0].content, "q1");
  EXPECT_EQ(conversation.DropOldestTurns(9), 1u);
  EXPECT_EQ(conversation.DropOldestTurns(1), 0u);
  EXPECT_EQ(conversation.messages().size(), 2u);
  EXPECT_EQ(Conversation().DropOldestTurns(1), 0u);
}

TEST(TurnsToDrop, AsFewAsNeededWithFewCounts) {
  for (const int turns : {1, 2, 3, 8, 1000}) {
    for (int64_t room : {2, 3, 4, 5, 15, 16, 999, 1998, 2000}) {
      int counts = 0;
      const auto count = [&](const Conversation& c) -> Result<int64_t> {
        ++counts;
        return static_cast<int64_t>(c.messages().size());
      };
      const auto dropped = TurnsToDrop(Turns(turns), count, {room, room});
      ASSERT_TRUE(dropped.ok());
      EXPECT_EQ(*dropped, static_cast<size_t>(std::max<int64_t>(0, turns - room / 2)));
      EXPECT_LE(counts, 14);
    }
  }
}

TEST(TurnsToDrop, SaysWhenNothingHelps) {
  const auto ten = [](const Conversation&) -> Result<int64_t> { return 10; };
  EXPECT_EQ(TurnsToDrop(Turns(3), ten, {5, 9}).status().code(), StatusCode::kExhausted);
  EXPECT_EQ(TurnsToDrop(Turns(1), ten, {5, 9}).status().code(), StatusCode::kExhausted);
  EXPECT_EQ(*TurnsToDrop(Turns(3), ten, {5, 10}), 2u);  // fits, though with little room
  EXPECT_EQ(*TurnsToDrop(Turns(1), ten, {5, 10}), 0u);
  const auto fails = [](const Conversation&) -> Result<int64_t> { return Internal("no"); };
  EXPECT_EQ(TurnsToDrop(Turns(3), fails, {9, 9}).status().code(), StatusCode::kInternal);
}

TEST(PromptRoom, LeavesRoomForAnAnswer) {
  EXPECT_EQ(PromptRoom::Of(512, std::nullopt).tokens, 384);
  EXPECT_EQ(PromptRoom::Of(512, 100).tokens, 412);
  EXPECT_EQ(PromptRoom::Of(512, 100'000).tokens, 256);
  EXPECT_EQ(PromptRoom::Of(512, 0).tokens, 511);
  EXPECT_EQ(PromptRoom::Of(2, std::nullopt).tokens, 1);
  EXPECT_EQ(PromptRoom::Of(512, 100).tokens_max, 511);
}

}  // namespace
}  // namespace pano::chat
