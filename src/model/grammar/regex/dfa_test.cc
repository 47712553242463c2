#include "model/grammar/regex/dfa.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "model/grammar/regex/nfa.h"

namespace pano::grammar {
namespace {

Dfa Regex(std::string_view source, bool search = false) {
  StepBudget budget(10'000'000);
  Result<Dfa> dfa = CompileRegexDfa(source, RegexDialect::kEcma, search, budget);
  EXPECT_TRUE(dfa.ok()) << source << ": " << dfa.error().ToString();
  return dfa.ok() ? *dfa : Dfa();
}

// Every text over `letters` of at most `length` letters.
std::vector<std::string> AllTexts(std::string_view letters, size_t length) {
  std::vector<std::string> out = {""};
  for (size_t begin = 0, step = 0; step < length; ++step) {
    const size_t end = out.size();
    for (; begin < end; ++begin) {
      for (char c : letters) out.push_back(out[begin] + c);
    }
  }
  return out;
}

TEST(DfaTest, TrimsWhatLeadsNowhere) {
  std::vector<Dfa::State> states(4);
  states[0].edges = {{'a', 'a', 1}, {'b', 'b', 2}};
  states[1].accepting = true;
  states[2].edges = {{'c', 'c', 2}};   // never accepts
  states[3].edges = {{'c', 'c', 1}};   // never reached
  const Dfa dfa(std::move(states));
  EXPECT_EQ(dfa.state_count(), 2u);
  EXPECT_EQ(dfa.edge_count(), 1u);
  EXPECT_TRUE(Dfa(std::vector<Dfa::State>(3)).empty());
}

TEST(DfaTest, BooleanOperationsAgreeWithTheirDefinitions) {
  const std::vector<std::string> texts = AllTexts("ab", 7);
  const std::vector<std::string> sources = {"a*",      "(ab)*",   "a|b",    "(a|b)*abb", "a{2,4}b?", "",
                                            "b(a|b)*", "[^a]*",   "(aa)*",  ".*a.{2}",   "[^b]+b",   "a.*"};
  StepBudget budget(100'000'000);
  for (const std::string& one : sources) {
    for (const std::string& other : sources) {
      const Dfa a = Regex(one), b = Regex(other);
      const Dfa both = *Intersect(a, b, budget), either = *Unite(a, b, budget);
      const Dfa left = *Subtract(a, b, budget), rest = *Complement(a, budget);
      for (const std::string& text : texts) {
        const bool in_a = a.Accepts(text), in_b = b.Accepts(text);
        ASSERT_EQ(both.Accepts(text), in_a && in_b) << one << " " << other << " " << text;
        ASSERT_EQ(either.Accepts(text), in_a || in_b) << one << " " << other << " " << text;
        ASSERT_EQ(left.Accepts(text), in_a && !in_b) << one << " " << other << " " << text;
        ASSERT_EQ(rest.Accepts(text), !in_a) << one << " " << text;
      }
      EXPECT_EQ(*Unite(left, both, budget), a) << one << " " << other;   // minimal: equal by states
    }
  }
}

TEST(DfaTest, MinimalAutomataAreEqualWhenTheirLanguagesAre) {
  EXPECT_EQ(Regex("(a|b)*"), Regex("[ab]*(a*b*)*"));
  EXPECT_EQ(Regex("a+a?"), Regex("a+"));
  EXPECT_EQ(Regex("abc|abd|ab[ef]"), Regex("ab[c-f]"));
  EXPECT_EQ(Regex("a(?:b|c)d|aed"), Regex("a[bce]d"));
  EXPECT_EQ(Regex("(?:a|b)*abb").state_count(), 4u);
  EXPECT_TRUE(Regex("", /*search=*/true).IsAny());
  EXPECT_TRUE(Regex("[\\s\\S]*").IsAny());
  EXPECT_FALSE(Regex(".*").IsAny());
}

TEST(DfaTest, WordsAreSharedAtBothEndsAndListedAgain) {
  const std::vector<std::string> words = {"", "red", "redder", "green", "blue", "\u4f60\u597d", "\U0001f98a"};
  const Dfa dfa = Dfa::Of(words);
  for (const std::string& word : words) EXPECT_TRUE(dfa.Accepts(word)) << word;
  for (const char* word : {"r", "re", "redd", "reds", "\u4f60"}) EXPECT_FALSE(dfa.Accepts(word)) << word;
  std::vector<std::string> sorted = words;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(*dfa.Texts(7), sorted);
  EXPECT_EQ(dfa.Texts(6), std::nullopt);
  EXPECT_EQ(Regex("a*").Texts(100), std::nullopt);
  EXPECT_EQ(Regex("[a-z]{9}").Texts(1000), std::nullopt);
  EXPECT_EQ(Dfa::Of({"ax", "bx", "cx"}).state_count(), 3u);
}

TEST(DfaTest, ManyWordsTakeLinearTime) {
  std::vector<std::string> words;
  for (int i = 0; i < 100'000; ++i) words.push_back(StrCat("word-", i * 7919, "-", i));
  const auto begin = std::chrono::steady_clock::now();
  const Dfa dfa = Dfa::Of(words);
  const auto spent = std::chrono::steady_clock::now() - begin;
  EXPECT_TRUE(dfa.Accepts(words[77'777]));
  EXPECT_FALSE(dfa.Accepts("word-1-2"));
  EXPECT_LT(spent, std::chrono::seconds(60));
}

// Random automata with cycles: minimal ones of one language are equal however many states it had.
TEST(DfaTest, MinimizesWithCycles) {
  Random random(5);
  for (int round = 0; round < 400; ++round) {
    std::vector<Dfa::State> states(1 + random.Below(12));
    for (Dfa::State& state : states) {
      state.accepting = random.Below(3) == 0;
      for (char32_t letter : {U'a', U'b', U'c'}) {
        if (random.Below(5) != 0) {
          state.edges.push_back({letter, letter, static_cast<uint32_t>(random.Below(states.size()))});
        }
      }
    }
    // The same twice over: an edge may lead to either copy of its target.
    std::vector<Dfa::State> doubled = states;
    doubled.insert(doubled.end(), states.begin(), states.end());
    for (Dfa::State& state : doubled) {
      for (Dfa::Edge& edge : state.edges) {
        if (random.Below(2) == 0) edge.target += static_cast<uint32_t>(states.size());
      }
    }
    const Dfa one = Minimize(Dfa(states)), other = Minimize(Dfa(doubled));
    ASSERT_EQ(one, other) << round;
    for (const std::string& text : AllTexts("abc", 5)) {
      ASSERT_EQ(one.Accepts(text), Dfa(states).Accepts(text)) << round << " " << text;
    }
  }
}

TEST(DfaTest, LongCountsBehindASearchAreMinimizedFast) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Regex("^[a-z]{3000}", /*search=*/true).state_count(), 3001u);
  EXPECT_EQ(Regex("(?:[ab]{2000}c)*").state_count(), 2001u);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST(DfaTest, KnowsItsLengths) {
  EXPECT_EQ(Regex("a{3}|b{5,7}").ShortestLength(), 3u);
  EXPECT_EQ(Regex("a{3}|b{5,7}").LongestLength(), 7u);
  EXPECT_EQ(Regex("ab*").LongestLength(), std::nullopt);
  EXPECT_EQ(Dfa().LongestLength(), 0u);
  const Dfa lengths = Dfa::OfLength(2, 4);
  EXPECT_FALSE(lengths.Accepts("a"));
  EXPECT_TRUE(lengths.Accepts("\U0001f98a\u4f60"));   // letters, not bytes
  EXPECT_FALSE(lengths.Accepts("abcde"));
  EXPECT_TRUE(Dfa::OfLength(3, 2).empty());
}

TEST(DfaTest, WorkIsBounded) {
  StepBudget small(100);
  const Result<Dfa> both = Intersect(Regex("(a|b)*a(a|b){7}"), Regex("(a|b)*b(a|b){8}"), small);
  ASSERT_FALSE(both.ok());
  EXPECT_EQ(both.error().code(), StatusCode::kExhausted);
  EXPECT_EQ(both.error().reason(), "too_complex");
}

}  // namespace
}  // namespace pano::grammar
