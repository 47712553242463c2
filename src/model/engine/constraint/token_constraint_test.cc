#include "model/engine/constraint/token_constraint.h"

#include <gtest/gtest.h>

#include "model/engine/testing/grammars.h"

namespace pano::engine {
namespace {

using State = TokenConstraint::State;

// A vocabulary by hand: 0 begin, 1 end (special), then pieces.
const std::vector<std::string> kTokens = {"", "", "a", "b", "ab", "c", "</s>", "<"};

class TokenConstraintTest : public testing::Test {
 protected:
  TokenConstraint Make(std::string_view gbnf, int64_t vocab_size = 8) {
    return TokenConstraint(CompileFor(kTokens, gbnf), vocab_size, ends_);
  }
  static std::vector<TokenId> Allowed(const TokenConstraint& constraint) {
    std::vector<TokenId> ids;
    const auto bits = constraint.allowed();
    for (size_t i = 0; i < bits.size() * 32; ++i) {
      if ((bits[i / 32] >> (i % 32) & 1u) != 0) ids.push_back(static_cast<TokenId>(i));
    }
    return ids;
  }
  using Ids = std::vector<TokenId>;

  GrammarEnds ends_{.model = {1}, .all = {1}};
};

TEST_F(TokenConstraintTest, AllowsWhatTheGrammarDoes) {
  TokenConstraint constraint = Make("root ::= (\"ab\" | \"a\" \"c\") \"c\"");
  EXPECT_EQ(constraint.Look(true), State::kOpen);
  EXPECT_EQ(Allowed(constraint), (Ids{2, 4}));
  ASSERT_TRUE(constraint.Accept(4).ok());
  EXPECT_EQ(constraint.Look(true), State::kForced);
  EXPECT_EQ(constraint.only(), 5);
  ASSERT_TRUE(constraint.Accept(5).ok());
  EXPECT_EQ(constraint.Look(true), State::kFinished);
}

TEST_F(TokenConstraintTest, EndsOnlyWhereTheGrammarAccepts) {
  TokenConstraint constraint = Make("root ::= \"a\" \"b\"* \"c\"?");
  EXPECT_EQ(constraint.Look(true), State::kOpen);
  EXPECT_EQ(Allowed(constraint), (Ids{2, 4}));
  ASSERT_TRUE(constraint.Accept(2).ok());
  TokenConstraint other = constraint;
  EXPECT_EQ(constraint.Look(true), State::kOpen);
  EXPECT_EQ(Allowed(constraint), (Ids{1, 3, 5}));
  // Before its min_tokens are there.
  EXPECT_EQ(other.Look(false), State::kOpen);
  EXPECT_EQ(Allowed(other), (Ids{3, 5}));
  // Asked again it says the same.
  EXPECT_EQ(other.Look(true), State::kOpen);
  EXPECT_EQ(Allowed(other), (Ids{3, 5}));
}

TEST_F(TokenConstraintTest, ReasoningIsEndedAtItsLimit) {
  const ReasoningLimit limit{.tokens_max = 2, .close = "c", .closing = {3, 5}};
  TokenConstraint constraint(CompileFor(kTokens, "root ::= [ab]* \"c\" [ab]*"), 8, ends_, &limit);
  EXPECT_EQ(constraint.CountAllowed(Ids{2, 2, 2, 2}), 2u);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(constraint.Look(true), State::kOpen);
    ASSERT_TRUE(constraint.Accept(2).ok());
  }
  for (TokenId id : limit.closing) {
    EXPECT_EQ(constraint.Look(true), State::kForced);
    EXPECT_EQ(constraint.only(), id);
    EXPECT_EQ(Allowed(constraint), Ids{id});
    ASSERT_TRUE(constraint.Accept(id).ok());
  }
  EXPECT_EQ(constraint.Look(true), State::kOpen);
  EXPECT_EQ(constraint.CountAllowed(Ids{2, 2, 2, 2}), 4u);
}

// Some tokenizer files do not flag "</s>" as special: it must not come in the middle of a text.
TEST_F(TokenConstraintTest, AnEndTokenIsNoText) {
  ends_ = {.model = {6}, .all = {6}};
  TokenConstraint constraint = Make("root ::= [a-z<>/]{3,}");
  EXPECT_EQ(constraint.Look(true), State::kOpen);
  EXPECT_EQ(Allowed(constraint), (Ids{2, 3, 4, 5, 7}));
  ASSERT_TRUE(constraint.Accept(4).ok());
  ASSERT_TRUE(constraint.Accept(4).ok());
  EXPECT_EQ(constraint.Look(true), State::kOpen);
  EXPECT_EQ(Allowed(constraint), (Ids{2, 3, 4, 5, 6, 7}));
  // Nor when it does not end anything, as with ignore_eos.
  ends_ = {.model = {6}, .all = {}};
  constraint = Make("root ::= [a-z<>/]+");
  ASSERT_TRUE(constraint.Accept(4).ok());
  constraint.Look(true);
  EXPECT_EQ(Allowed(constraint), (Ids{2, 3, 4, 5, 7}));
  EXPECT_EQ(constraint.CountAllowed(Ids{2, 6}), 1u);
}

TEST_F(TokenConstraintTest, StopTokensThatAreTextGoByTheGrammar) {
  ends_ = {.model = {1}, .all = {1, 3}};
  TokenConstraint constraint = Make("root ::= \"c\" \"b\" \"a\"");
  ASSERT_TRUE(constraint.Accept(5).ok());
  TokenConstraint early = constraint;
  EXPECT_EQ(constraint.Look(true), State::kForced);
  EXPECT_EQ(constraint.only(), 3);
  // Too early to stop, but there is nothing else.
  EXPECT_EQ(early.Look(false), State::kForced);
  EXPECT_EQ(early.only(), 3);
}

TEST_F(TokenConstraintTest, SaysWhyItCannotGoOn) {
  TokenConstraint constraint = Make("root ::= \"a\" \"Z\"");
  ASSERT_TRUE(constraint.Accept(2).ok());
  EXPECT_EQ(constraint.Look(true), State::kFailed);
  EXPECT_NE(constraint.failure().message().find("no token of the vocabulary"), std::string::npos);
}

TEST_F(TokenConstraintTest, FinishedBeforeItBegins) {
  EXPECT_EQ(Make("root ::= \"\"").Look(true), State::kFinished);
  // What the vocabulary cannot go on with counts as well.
  EXPECT_EQ(Make("root ::= \"Z\"?").Look(false), State::kFinished);
}

TEST_F(TokenConstraintTest, DraftsAreCutWhereTheyLeaveTheGrammar) {
  TokenConstraint constraint = Make("root ::= \"a\"+ \"b\" \"c\"?");
  EXPECT_EQ(constraint.CountAllowed(Ids{2, 2, 4, 5}), 4u);
  EXPECT_EQ(constraint.CountAllowed(Ids{2, 5, 2}), 1u);
  EXPECT_EQ(constraint.CountAllowed(Ids{2, 1}), 1u);
  EXPECT_EQ(constraint.CountAllowed(Ids{4, 1}), 2u);
  EXPECT_EQ(constraint.CountAllowed(Ids{0}), 0u);
  EXPECT_EQ(constraint.CountAllowed(Ids{}), 0u);
  // It has not moved.
  constraint.Look(true);
  EXPECT_EQ(Allowed(constraint), (Ids{2, 4}));
}

TEST_F(TokenConstraintTest, RowsThatTheTokenizerDoesNotHaveAreNotAllowed) {
  TokenConstraint constraint = Make("root ::= [a-z]+", 70);
  constraint.Look(true);
  EXPECT_EQ(constraint.allowed().size(), 3u);
  EXPECT_EQ(Allowed(constraint), (Ids{2, 3, 4, 5}));
}

}  // namespace
}  // namespace pano::engine
