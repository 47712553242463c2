#include "model/grammar/grammar_matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "model/grammar/gbnf.h"
#include "model/grammar/mask_cache.h"

namespace pano::grammar {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<const TokenTable> Table(const std::vector<std::string>& tokens) {
  return *TokenTable::Create(tokens);
}

std::shared_ptr<const CompiledGrammar> Compile(std::string_view gbnf, std::shared_ptr<const TokenTable> table,
                                               size_t mask_bytes_max = 1 << 20) {
  Result<Grammar> grammar = ParseGbnf(gbnf);
  EXPECT_TRUE(grammar.ok()) << grammar.status().message();
  return *CompiledGrammar::Compile(*grammar, std::move(table), {.mask_bytes_max = mask_bytes_max});
}

std::vector<int32_t> Allowed(const GrammarMatcher& matcher) {
  std::vector<uint32_t> bits(matcher.compiled().table().mask_words());
  EXPECT_TRUE(matcher.FillMask(bits).ok());
  std::vector<int32_t> ids;
  for (int32_t id = 0; id < matcher.compiled().table().vocab_size(); ++id) {
    if (bits[static_cast<size_t>(id) / 32] >> (id % 32) & 1) ids.push_back(id);
  }
  return ids;
}

constexpr char kJson[] = R"gbnf(
root ::= value
value ::= object | "[" (value ("," value)*)? "]" | string | [0-9]+
object ::= "{" (string ":" value ("," string ":" value)*)? "}"
string ::= "\"" ([^"\\\x00-\x1F] | "\\" ["\\nrt])* "\""
)gbnf";

TEST(GrammarMatcher, TokensThatLeaveARuleAreJudgedByTheStack) {
  const auto table = Table({"\"", "a\"", "\"]", "\"}", "\"],", "\":", "\"]]", "x", ""});
  const auto compiled = Compile(kJson, table);
  GrammarMatcher array(compiled), object(compiled), nested(compiled), key(compiled);
  ASSERT_TRUE(array.AcceptBytes("[\"a"));
  ASSERT_TRUE(object.AcceptBytes("{\"k\":\"a"));
  ASSERT_TRUE(nested.AcceptBytes("[[\"a"));
  ASSERT_TRUE(key.AcceptBytes("{\"a"));
  EXPECT_THAT(Allowed(array), ElementsAre(0, 1, 2, 7));
  EXPECT_THAT(Allowed(object), ElementsAre(0, 1, 3, 7));
  EXPECT_THAT(Allowed(nested), ElementsAre(0, 1, 2, 4, 6, 7));
  EXPECT_THAT(Allowed(key), ElementsAre(0, 1, 5, 7));
}

TEST(GrammarMatcher, CopiesAreIndependent) {
  const auto compiled = Compile(kJson, Table({"[", "]", "1", ","}));
  GrammarMatcher matcher(compiled);
  ASSERT_TRUE(matcher.AcceptToken(0));
  GrammarMatcher before = matcher;
  ASSERT_TRUE(matcher.AcceptToken(1));
  EXPECT_TRUE(matcher.IsAccepting());
  EXPECT_TRUE(matcher.IsFinished());
  EXPECT_FALSE(matcher.IsDead());
  EXPECT_THAT(Allowed(matcher), ElementsAre());
  EXPECT_FALSE(before.IsAccepting());
  EXPECT_THAT(Allowed(before), ElementsAre(0, 1, 2));
  before = matcher;
  EXPECT_TRUE(before.IsFinished());
}

TEST(GrammarMatcher, RefusedTokensChangeNothing) {
  const auto compiled = Compile("root ::= \"abc\" | \"abd\"", Table({"ab", "ax", "c", "d", "", "abq"}));
  GrammarMatcher matcher(compiled);
  for (int32_t id : {1, 2, 4, 5, -1, 6, 1000000}) EXPECT_FALSE(matcher.AcceptToken(id)) << id;
  EXPECT_FALSE(matcher.IsDead());
  EXPECT_TRUE(matcher.AcceptToken(0));
  EXPECT_TRUE(matcher.AcceptBytes(""));
  EXPECT_THAT(Allowed(matcher), ElementsAre(2, 3));
}

TEST(GrammarMatcher, TokensMayCutCharacters) {
  // U+00E9 and U+4E2D in parts, and bytes that are no beginning.
  const auto compiled = Compile("root ::= [^\"]+", Table({"\xC3", "\xA9", "\xE4\xB8", "\xAD", "x\xC3", "\xFF", "\xC3\xA9"}));
  GrammarMatcher matcher(compiled);
  EXPECT_THAT(Allowed(matcher), ElementsAre(0, 2, 4, 6));
  ASSERT_TRUE(matcher.AcceptToken(2));
  EXPECT_FALSE(matcher.IsAccepting());
  EXPECT_THAT(Allowed(matcher), ElementsAre(1, 3));
  ASSERT_TRUE(matcher.AcceptToken(3));
  EXPECT_TRUE(matcher.IsAccepting());
}

TEST(GrammarMatcher, ForcedTextAndTokens) {
  const auto compiled = Compile("root ::= \"{\\\"name\\\":\" (\"\\\"a\\\"\" | \"\\\"b\\\"\") \"}\"?",
                                Table({"{", "{\"", "a", "}", "\""}));
  GrammarMatcher matcher(compiled);
  EXPECT_EQ(matcher.ForcedBytes(100), "{\"name\":\"");
  EXPECT_EQ(matcher.ForcedBytes(3), "{\"n");
  EXPECT_EQ(matcher.ForcedToken(), -1);     // "{" and "{\""
  ASSERT_TRUE(matcher.AcceptBytes("{\"name\":"));
  EXPECT_EQ(matcher.ForcedToken(), 4);
  ASSERT_TRUE(matcher.AcceptBytes("\"a\""));
  EXPECT_EQ(matcher.ForcedBytes(100), "");  // the text may end here
  EXPECT_EQ(matcher.ForcedToken(), -1);
}

TEST(GrammarMatcher, ForcedBytesEndAtWholeCharacters) {
  const auto compiled = Compile("root ::= \"x\" [\\u00e0-\\u00ff]", Table({"x"}));
  EXPECT_EQ(GrammarMatcher(compiled).ForcedBytes(10), "x");    // not the C3 of both
}

// Masks of a length limit at every distance from its end, with tokens of every length.
TEST(GrammarMatcher, LengthLimitsCutTokens) {
  std::vector<std::string> tokens = {"\"", "\\\"", "x\"", "\""};
  for (size_t n = 1; n <= 40; ++n) tokens.push_back(std::string(n, 'a'));
  tokens.push_back("\xC3\xA9\xC3\xA9");
  tokens.push_back(std::string(35, ' '));
  tokens.push_back(std::string(34, 'b') + "\"");
  const auto table = Table(tokens);
  const auto compiled = Compile("root ::= \"\\\"\" ([^\"\\\\] | \"\\\\\\\"\"){0,50} \"\\\"\"", table);
  GrammarMatcher matcher(compiled);
  ASSERT_TRUE(matcher.AcceptBytes("\""));
  for (int count = 0; count <= 50; ++count) {
    const std::vector<int32_t> allowed = Allowed(matcher);
    size_t next = 0;
    for (int32_t id = 0; id < table->vocab_size(); ++id) {
      GrammarMatcher copy = matcher;
      const bool listed = next < allowed.size() && allowed[next] == id;
      ASSERT_EQ(listed, copy.AcceptToken(id)) << count << ": " << table->Bytes(id);
      next += listed;
    }
    ASSERT_EQ(matcher.AcceptBytes("y"), count < 50);
  }
}

TEST(GrammarMatcher, SmallCachesGiveTheSameMasks) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 3000; ++i) tokens.push_back(StrCat("t", i, i % 7 ? "" : "\"", i % 3 ? "]" : ","));
  for (const char* token : {"[", "\"", "]", ",", "1"}) tokens.push_back(token);
  const auto table = Table(tokens);
  GrammarMatcher large(Compile(kJson, table)), none(Compile(kJson, table, 0)), small(Compile(kJson, table, 2000));
  Random random(3);
  for (int step = 0; step < 200 && !large.IsFinished(); ++step) {
    const std::vector<int32_t> allowed = Allowed(large);
    ASSERT_EQ(allowed, Allowed(none));
    ASSERT_EQ(allowed, Allowed(small));
    const int32_t id = allowed[random.Below(allowed.size())];
    for (GrammarMatcher* matcher : {&large, &none, &small}) ASSERT_TRUE(matcher->AcceptToken(id));
  }
  EXPECT_LE(small.compiled().masks_bytes(), 2000u);
  EXPECT_EQ(none.compiled().masks_bytes(), 0u);
  EXPECT_GT(large.compiled().masks_bytes(), 0u);
}

// Every step has as many paths as bytes were read; at some length the matcher says so.
// The masks of short tokens of states without a shape (thousands of states within 24 bytes) were held and not counted.
TEST(GrammarMatcher, MasksOfStatesWithManyAroundThemAreCounted) {
  Random random(5);
  std::string gbnf = "root ::= [0-9] (";
  std::vector<std::string> tokens = {"0"};
  for (int i = 0; i < 3000; ++i) {
    std::string word;
    for (int k = 0; k < 20; ++k) word.push_back(static_cast<char>('a' + random.Below(26)));
    gbnf += StrCat(i ? "|" : "", "\"", word, "\"");
    tokens.push_back(std::move(word));
  }
  const auto compiled = Compile(gbnf + ")", Table(tokens));
  GrammarMatcher matcher(compiled);
  ASSERT_TRUE(matcher.AcceptBytes("7"));
  const size_t before = compiled->masks().memory_bytes();
  EXPECT_EQ(Allowed(matcher).size(), 3000);
  // Once for the state, once for the configuration.
  const size_t mask_bytes = compiled->table().mask_words() * sizeof(uint32_t);
  EXPECT_GE(compiled->masks().memory_bytes() - before, 2 * mask_bytes);
}

TEST(GrammarMatcher, TooMuchAmbiguityEndsInAnError) {
  const auto compiled = Compile("root ::= \"a\" root \"a\" | \"b\" root \"b\" | \"\"", Table({"a", "b"}));
  GrammarMatcher matcher(compiled);
  int read = 0;
  while (read < 100000 && matcher.AcceptToken(0)) ++read;
  EXPECT_GT(read, 2000);
  EXPECT_LT(read, 10000);
  EXPECT_TRUE(matcher.exceeded());
  EXPECT_FALSE(matcher.IsDead());
}

TEST(GrammarMatcher, DeepStacksAreFreedWithoutRecursion) {
  const auto compiled = Compile(kJson, Table({"[", "]"}));
  GrammarMatcher matcher(compiled);
  const std::string open(300000, '[');
  ASSERT_TRUE(matcher.AcceptBytes(open));
  GrammarMatcher copy = matcher;
  ASSERT_TRUE(copy.AcceptBytes(std::string(300000, ']')));
  EXPECT_TRUE(copy.IsAccepting());
  EXPECT_FALSE(copy.AcceptBytes("]"));
}

TEST(GrammarMatcher, ThreadsShareACompiledGrammar) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 500; ++i) tokens.push_back(StrCat("w", i, i % 5 ? "" : "\""));
  for (const char* token : {"[", "\"", "]", ",", "1"}) tokens.push_back(token);
  const auto compiled = Compile(kJson, Table(tokens), 20000);
  GrammarMatcher start(compiled);
  ASSERT_TRUE(start.AcceptBytes("[\""));
  std::vector<std::jthread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Random random(t);
      GrammarMatcher matcher = start;
      for (int step = 0; step < 300; ++step) {
        const std::vector<int32_t> allowed = Allowed(matcher);
        if (allowed.empty()) matcher = start;
        else ASSERT_TRUE(matcher.AcceptToken(allowed[random.Below(allowed.size())]));
      }
    });
  }
}

}  // namespace
}  // namespace pano::grammar
