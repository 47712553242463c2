#include "pano/chat/thinking.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::chat {
namespace {

struct Parts final : AnswerParts {
  std::string thinking, answer;
  void OnThinking(std::string_view text) override { thinking += text; }
  void OnAnswer(std::string_view text) override { answer += text; }
  void OnAnswerWasThinking() override {
    thinking += answer;
    answer.clear();
  }
};

// "thinking|answer", the same whatever the pieces.
std::string Split(std::string_view text, std::string_view prompt = {}) {
  std::string first;
  for (size_t piece = 1; piece <= text.size() + 1; ++piece) {
    Parts parts;
    ThinkingSplitter splitter(parts);
    splitter.BeginInside(OpeningMarkAtEnd(prompt));
    for (size_t i = 0; i < text.size(); i += piece) splitter.Push(text.substr(i, piece));
    splitter.End();
    const std::string out = StrCat(parts.thinking, "|", parts.answer);
    if (piece == 1) first = out;
    EXPECT_EQ(out, first) << "pieces of " << piece;
  }
  return first;
}

TEST(Thinking, MarksOfManyModels) {
  EXPECT_EQ(Split("<think>hm\n</think>\n\nYes."), "hm\n|Yes.");
  EXPECT_EQ(Split("\n<think>hm</think>Yes"), "hm|Yes");
  EXPECT_EQ(Split("<thinking>a</thinking> b"), "a|b");
  EXPECT_EQ(Split("[THINK]a[/THINK]b"), "a|b");
  EXPECT_EQ(Split("◁think▷a◁/think▷b"), "a|b");
  EXPECT_EQ(Split("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b"), "a|b");
  EXPECT_EQ(Split("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b"),
            "a|b");
  EXPECT_EQ(Split("<|channel|>final<|message|>b"), "|b");
  EXPECT_EQ(Split("<think>\n\n</think>\n\nYes"), "\n\n|Yes");
}

TEST(Thinking, TheRestIsText) {
  EXPECT_EQ(Split(""), "|");
  EXPECT_EQ(Split(" Hello"), "| Hello");
  EXPECT_EQ(Split("  "), "|  ");
  EXPECT_EQ(Split("<thin"), "|<thin");
  EXPECT_EQ(Split("<b>bold</b>"), "|<b>bold</b>");
  EXPECT_EQ(Split("Write <think> first"), "|Write <think> first");
  EXPECT_EQ(Split("<think>a</think>b <think>c</think>"), "a|b <think>c</think>");
  EXPECT_EQ(Split("a < b and </thin"), "|a < b and </thin");
}

TEST(Thinking, CutAnswers) {
  EXPECT_EQ(Split("<think>hm </thi"), "hm </thi|");
  EXPECT_EQ(Split("<think>"), "|");
}

TEST(Thinking, BegunByThePrompt) {
  EXPECT_EQ(Split("hm</think>\nYes", "<|Assistant|><think>\n"), "hm|Yes");
  EXPECT_EQ(Split("hm</think>\nYes"), "hm|Yes");  // and a server that did not tell
  EXPECT_EQ(Split("hm", "<|Assistant|>"), "|hm");
  EXPECT_EQ(OpeningMarkAtEnd(" \n"), "");
}

TEST(Thinking, ToldApartByTheServer) {
  Parts parts;
  ThinkingSplitter splitter(parts);
  splitter.PushThinking("hm");
  splitter.Push("\n\nYes, <think> is a tag");
  splitter.End();
  EXPECT_EQ(parts.thinking, "hm");
  EXPECT_EQ(parts.answer, "Yes, <think> is a tag");
}

TEST(Thinking, TokensOfMarks) {
  EXPECT_TRUE(IsPartOfMark("[THINK]"));
  EXPECT_TRUE(IsPartOfMark("<|channel|>"));
  EXPECT_TRUE(IsPartOfMark("</think>"));
  EXPECT_FALSE(IsPartOfMark("<|im_end|>"));
  EXPECT_FALSE(IsPartOfMark("<s>"));
}

}  // namespace
}  // namespace pano::chat
