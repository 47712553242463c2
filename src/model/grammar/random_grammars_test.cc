// Random grammars against what their definitions derive, and masks against single tokens.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/grammar_matcher.h"
#include "model/grammar/testing/random_grammar.h"
#include "model/grammar/testing/reference_language.h"

namespace pano::grammar {
namespace {

constexpr size_t kLength = 5;

std::vector<std::string> AllTexts(size_t length) {
  std::vector<std::string> out = {""};
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i].size() == length) continue;
    for (char c : {'a', 'b', 'c'}) out.push_back(out[i] + c);
  }
  return out;
}

// Cut in pieces and whole, a text is judged alike.
void ExpectAgreement(const Grammar& grammar, const testing::Language& language,
                     const std::string& rules) {
  ByteMatcher matcher(grammar);
  for (const std::string& text : AllTexts(kLength)) {
    matcher.Reset();
    const bool fits = matcher.AcceptBytes(text);
    ASSERT_FALSE(matcher.exceeded());
    ASSERT_EQ(fits, language.prefixes.contains(text)) << rules << "text: " << text;
    ASSERT_EQ(fits && matcher.IsAccepting(), language.words.contains(text))
        << rules << "text: " << text;
  }
}

TEST(RandomGrammars, AcceptWhatTheirDefinitionsDerive) {
  size_t read = 0, refused = 0;
  for (uint64_t seed = 0; seed < 700; ++seed) {
    const std::vector<testing::Node> rules = testing::RandomRules(seed);
    const Result<Grammar> grammar = testing::Build(rules);
    const testing::Language language = testing::Derive(rules, kLength)[0];
    const std::string shown = StrCat("seed ", seed, "\n", testing::ToGbnf(rules));
    if (!grammar.ok()) {
      ++refused;
      const std::string why = grammar.error().message();
      const bool empty = why.find("derives no text") != std::string::npos;
      ASSERT_TRUE(empty || why.find("left recursion") != std::string::npos) << shown << why;
      ASSERT_EQ(empty, !language.any) << shown << why;
      continue;
    }
    ++read;
    ASSERT_TRUE(language.any) << shown;
    ASSERT_NO_FATAL_FAILURE(ExpectAgreement(*grammar, language, shown));
  }
  EXPECT_GT(read, 200u);
  EXPECT_GT(refused, 100u);
}

std::shared_ptr<const TokenTable> SmallVocabulary() {
  std::vector<std::string> tokens = AllTexts(4);
  tokens.push_back("a");                 // twice
  tokens.push_back("abcabcabcabcabc");
  tokens.push_back("d");
  tokens.push_back("a\xC3");
  return *TokenTable::Create(tokens);
}

TEST(RandomGrammars, MasksAreWhatSingleTokensSay) {
  const std::shared_ptr<const TokenTable> table = SmallVocabulary();
  Random random(7);
  std::vector<uint32_t> bits(table->mask_words());
  for (uint64_t seed = 0; seed < 700; ++seed) {
    const std::vector<testing::Node> rules = testing::RandomRules(seed);
    const Result<Grammar> grammar = testing::Build(rules);
    if (!grammar.ok()) continue;
    GrammarMatcher matcher(*CompiledGrammar::Compile(*grammar, table));
    for (int step = 0; step < 12; ++step) {
      for (int again = 0; again < 2; ++again) {    // computed, then from the cache
        std::fill(bits.begin(), bits.end(), 0xFFFFFFFFu);
        ASSERT_TRUE(matcher.FillMask(bits).ok());
        std::vector<int32_t> allowed;
        for (int32_t id = 0; id < table->vocab_size(); ++id) {
          const bool in_mask = bits[static_cast<size_t>(id) / 32] >> (id % 32) & 1;
          GrammarMatcher copy = matcher;
          ASSERT_EQ(in_mask, copy.AcceptToken(id))
              << "seed " << seed << "\n" << testing::ToGbnf(rules) << "token " << table->Bytes(id);
          if (in_mask) allowed.push_back(id);
        }
        if (again == 0) continue;
        ASSERT_EQ(allowed.empty(), matcher.IsFinished());
        if (allowed.size() == 1) {
          ASSERT_EQ(matcher.ForcedToken(), matcher.IsAccepting() ? -1 : allowed[0]);
        }
        if (allowed.empty()) step = 100;
        else ASSERT_TRUE(matcher.AcceptToken(allowed[random.Below(allowed.size())]));
      }
    }
  }
}

TEST(RandomGrammars, ForcedBytesAreTheOnlyOnes) {
  const std::shared_ptr<const TokenTable> table = SmallVocabulary();
  for (uint64_t seed = 0; seed < 700; ++seed) {
    const std::vector<testing::Node> rules = testing::RandomRules(seed);
    const Result<Grammar> grammar = testing::Build(rules);
    if (!grammar.ok()) continue;
    const testing::Language language = testing::Derive(rules, kLength)[0];
    const GrammarMatcher matcher(*CompiledGrammar::Compile(*grammar, table));
    const std::string forced = matcher.ForcedBytes(3);
    for (const std::string& prefix : language.prefixes) {
      const size_t common = std::min(prefix.size(), forced.size());
      ASSERT_EQ(prefix.substr(0, common), forced.substr(0, common)) << testing::ToGbnf(rules);
    }
    for (const std::string& word : language.words) {
      ASSERT_GE(word.size(), forced.size()) << testing::ToGbnf(rules);
    }
    if (forced.size() == 3 || language.words.contains(forced)) continue;
    // It stopped because two bytes may follow.
    std::set<char> next;
    for (const std::string& prefix : language.prefixes) {
      if (prefix.size() == forced.size() + 1) next.insert(prefix.back());
    }
    ASSERT_GT(next.size(), 1u) << testing::ToGbnf(rules);
  }
}

}  // namespace
}  // namespace pano::grammar
