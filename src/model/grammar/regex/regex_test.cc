// The compiler of regular expressions: against std::regex over random patterns and texts, by tables of
// what the two dialects read and refuse, and within bounds of time.
#include <gtest/gtest.h>

#include <chrono>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/regex/compile_regex.h"
#include "model/grammar/regex/nfa.h"
#include "model/grammar/regex/unicode_sets.h"

namespace pano::grammar {
namespace {

constexpr RegexDialect kEcma = RegexDialect::kEcma;
constexpr RegexDialect kPython = RegexDialect::kPython;

Result<Dfa> CompileAs(std::string_view source, RegexDialect dialect, bool search = false) {
  StepBudget budget(RegexLimits().steps_max);
  return CompileRegexDfa(source, dialect, search, budget);
}

// Patterns of ECMAScript over a small alphabet.
class RandomPattern {
 public:
  explicit RandomPattern(uint64_t seed) : random_(seed) {}

  std::string Alternatives(int depth) {
    std::string out = Branch(depth);
    while (random_.Below(3) == 0) out += "|" + Branch(depth);
    return out;
  }

 private:
  std::string Branch(int depth) {
    std::string out;
    for (uint64_t i = random_.Below(4); i > 0; --i) out += Item(depth);
    return out;
  }

  std::string Item(int depth) {
    static constexpr const char* kAssertions[] = {"^", "$", "\\b", "\\B"};
    if (random_.Below(10) == 0) return kAssertions[random_.Below(4)];
    static constexpr const char* kAtoms[] = {"a", "b", "-", ".", "[ab]", "[^a]", "\\w", "\\W", "[a-b-]", "\\d"};
    std::string out = kAtoms[random_.Below(10)];
    if (depth > 0 && random_.Below(3) == 0) {
      out = StrCat(random_.Below(2) == 0 ? "(" : "(?:", Alternatives(depth - 1), ")");
    }
    static constexpr const char* kQuantifiers[] = {"*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?", "+?", "??", "{2,}"};
    if (random_.Below(3) == 0) out += kQuantifiers[random_.Below(10)];
    return out;
  }

  Random random_;
};

std::string RandomText(Random& random) {
  std::string out;
  for (uint64_t i = random.Below(7); i > 0; --i) out.push_back("ab-1"[random.Below(4)]);
  return out;
}

TEST(RegexTest, RandomPatternsMatchAsTheStandardLibraryHasThem) {
  size_t compared = 0, matched = 0;
  for (uint64_t seed = 1; seed <= 1500; ++seed) {
    const std::string source = RandomPattern(seed).Alternatives(2);
    std::regex reference;
    try {
      reference = std::regex(source, std::regex::ECMAScript);
    } catch (const std::regex_error&) {
      continue;   // it has limits of its own
    }
    const Result<Dfa> whole = CompileAs(source, kEcma), search = CompileAs(source, kEcma, true);
    ASSERT_TRUE(whole.ok()) << source << ": " << whole.error().ToString();
    ASSERT_TRUE(search.ok()) << source << ": " << search.error().ToString();
    Random random(seed);
    for (int i = 0; i < 40; ++i) {
      const std::string text = RandomText(random);
      const bool found = std::regex_search(text, reference), all = std::regex_match(text, reference);
      ASSERT_EQ(whole->Accepts(text), all) << "seed " << seed << ": " << source << " on " << text;
      ASSERT_EQ(search->Accepts(text), found) << "seed " << seed << ": " << source << " in " << text;
      ++compared;
      matched += all ? 1 : 0;
    }
  }
  EXPECT_GT(compared, 40'000u);
  EXPECT_GT(matched, compared / 50);
}

struct Reading {
  RegexDialect dialect;
  const char* source;
  const char* text;
  bool matches;
};

TEST(RegexTest, ReadsTheDialects) {
  const Reading kReadings[] = {
      {kPython, R"(\u00e9\x41\U0001F98A)", "\u00e9A\U0001f98a", true},
      {kEcma, R"(\ud83e\udd8a\u{1F98A}\cA\0)", "\U0001f98a\U0001f98a\x01", false},   // the text ends before \0
      {kEcma, R"(\ud83e\udd8a\u{1F98A})", "\U0001f98a\U0001f98a", true},
      {kPython, R"((?P<year>\d{4})-(?<month>\d\d))", "2026-11", true},
      {kPython, R"((?i)straSSe|(?-i:X)y)", "STRASSE", true},
      {kPython, R"((?i)a(?-i:X)y)", "AXY", true},
      {kPython, R"((?i)a(?-i:X)y)", "AxY", false},
      {kPython, R"((?i:k)k)", "\u212ak", true},   // the Kelvin sign folds to k
      {kPython, "a.b", "a\rb", true},
      {kEcma, "a.b", "a\rb", false},
      {kPython, "(?s)a.b", "a\nb", true},
      {kPython, "[]a]+", "]a]", true},
      {kEcma, "[]", "", false},
      {kEcma, "[^]", "\n", true},
      {kEcma, "a{,2}b", "a{,2}b", false},   // refused: engines differ
      {kPython, "a{,2}b", "aab", true},
      {kPython, "a{b}{", "a{b}{", true},
      {kEcma, "x{2}y{1,}z{0}", "xxyy", true},
      {kEcma, "[\\b\\]\\-\\\\]+", "\b]-\\", true},
      {kEcma, "[+--]", ",", true},
      {kEcma, "[\\w-.]+", "a-.", true},
      {kEcma, R"(\p{Lu}\p{Script=Greek}\P{L})", "A\u03b1" "1", true},
      {kPython, R"(\pL\p{Greek}\p{^L})", "a\u03b1-", true},
      {kEcma, "^a$", "a", true},
      {kEcma, "(^a|b)$", "b", true},
      {kEcma, "a^b", "ab", false},
      {kPython, R"(\Aab\Z)", "ab", true},
      {kEcma, R"(\bcat\b)", "cat", true},
      {kEcma, "", "", true},
      {kEcma, "(|a)(b||c)", "a", true},
      {kEcma, "(?:)*", "", true},
      {kEcma, "(a*)*", "aaa", true},
      {kEcma, R"(\/\.\$\^\(\)\-)", "/.$^()-", true},
      {kPython, "(?#note)a", "a", true},
      {kEcma, R"(\s)", "\ufeff", true},
      {kEcma, R"(\d)", "\u0663", false},   // ASCII digits only
  };
  for (const Reading& reading : kReadings) {
    const Result<Dfa> dfa = CompileAs(reading.source, reading.dialect);
    EXPECT_EQ(dfa.ok() && dfa->Accepts(reading.text), reading.matches)
        << reading.source << ": " << dfa.error().ToString();
  }
}

struct Refusal {
  RegexDialect dialect;
  const char* source;
  StatusCode code;
  const char* words;
};

TEST(RegexTest, RefusesByName) {
  const Refusal kRefusals[] = {
      {kPython, "(a", StatusCode::kInvalidArgument, "'(' without ')'"},
      {kPython, "a)", StatusCode::kInvalidArgument, "')' without '('"},
      {kPython, "*a", StatusCode::kInvalidArgument, "nothing to repeat"},
      {kPython, "a|{2}", StatusCode::kInvalidArgument, "nothing to repeat"},
      {kPython, "^*", StatusCode::kInvalidArgument, "nothing to repeat"},
      {kPython, "(?i)*", StatusCode::kInvalidArgument, "nothing to repeat"},
      {kPython, "a**", StatusCode::kInvalidArgument, "behind a quantifier"},
      {kPython, "a{3,2}", StatusCode::kInvalidArgument, "m below n"},
      {kPython, "[a", StatusCode::kInvalidArgument, "'[' without ']'"},
      {kPython, "[z-a]", StatusCode::kInvalidArgument, "ends before it begins"},
      {kPython, "a\\", StatusCode::kInvalidArgument, "backslash at the end"},
      {kPython, "\\xg0", StatusCode::kInvalidArgument, "bad escape"},
      {kPython, "\\u{110000}", StatusCode::kInvalidArgument, "above U+10FFFF"},
      {kPython, "\\p{Nonsense}", StatusCode::kInvalidArgument, "no Unicode property"},
      {kPython, "(?P<1>a)", StatusCode::kInvalidArgument, "name"},
      {kPython, "(?y)a", StatusCode::kInvalidArgument, "unknown group"},
      {kPython, "\xff", StatusCode::kInvalidArgument, "UTF-8"},
      {kPython, "(a)\\1", StatusCode::kUnimplemented, "back-reference"},
      {kPython, "(?P<n>a)(?P=n)", StatusCode::kUnimplemented, "back-reference"},
      {kEcma, "(?<n>a)\\k<n>", StatusCode::kUnimplemented, "back-reference"},
      {kPython, "a(?=b)", StatusCode::kUnimplemented, "look-ahead"},
      {kPython, "a(?!b)", StatusCode::kUnimplemented, "look-ahead"},
      {kPython, "(?<=a)b", StatusCode::kUnimplemented, "look-behind"},
      {kPython, "(?<!a)b", StatusCode::kUnimplemented, "look-behind"},
      {kPython, "a++", StatusCode::kUnimplemented, "possessive"},
      {kPython, "(?>a)", StatusCode::kUnimplemented, "atomic"},
      {kPython, "(?m)^a$", StatusCode::kUnimplemented, "flag 'm'"},
      {kPython, "(?x) a", StatusCode::kUnimplemented, "flag 'x'"},
      {kPython, "[a&&b]", StatusCode::kUnimplemented, "set operation"},
      {kPython, "[[:alpha:]]", StatusCode::kUnimplemented, "set operation"},
      {kPython, "\\Qa\\E", StatusCode::kUnimplemented, "escape '\\Q'"},
      {kEcma, "a{,2}", StatusCode::kUnimplemented, "{,n}"},
      {kPython, "\\012", StatusCode::kUnimplemented, "octal"},
      {kPython, "a{2000000}", StatusCode::kExhausted, "count above"},
  };
  for (const Refusal& refusal : kRefusals) {
    const Result<Dfa> dfa = CompileAs(refusal.source, refusal.dialect);
    ASSERT_FALSE(dfa.ok()) << refusal.source;
    EXPECT_EQ(dfa.error().code(), refusal.code) << refusal.source << ": " << dfa.error().message();
    EXPECT_NE(dfa.error().message().find(refusal.words), std::string::npos)
        << refusal.source << ": " << dfa.error().message();
  }
}

TEST(RegexTest, HostilePatternsEndSoon) {
  const std::string kHostile[] = {
      "(a{1000}){1000}",
      "((((a{100}){100}){100}){100}){100}",
      "(a{0,1000000}){0,1000000}",
      "(.*a){10}.{20}b.{30}",
      "(a|b)*a(a|b){40}",
      "(\\w|\\d|[a-z]){1,5000}x(\\w{1,500}){1,9}",
      std::string(100, '(') + std::string(100, ')'),
      std::string(5000, '('),
      "(" + std::string(30'000, 'a') + "*)*",
      "[" + std::string(60'000, 'z') + "]",
      std::string(70'000, 'a'),
      "\\p{L}{1,3000}\\p{N}{1,3000}(\\p{L}|\\p{N}){1,1000}",
  };
  for (const std::string& source : kHostile) {
    const auto begin = std::chrono::steady_clock::now();
    const Result<Grammar> grammar = CompileRegex(source);
    const auto spent = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(spent, std::chrono::seconds(60)) << source.substr(0, 60);
    if (!grammar.ok()) {
      EXPECT_EQ(grammar.error().code(), StatusCode::kExhausted)
          << source.substr(0, 60) << ": " << grammar.error().message();
    }
  }
}

TEST(RegexTest, CountsOfAnyCharacterAreCheap) {
  const Result<Grammar> grammar = CompileRegex("(?s).{1,2000}");
  ASSERT_TRUE(grammar.ok()) << grammar.error().ToString();
  ByteMatcher matcher(*grammar);
  EXPECT_TRUE(matcher.AcceptBytes(std::string(2000, 'a')));
  EXPECT_TRUE(matcher.IsAccepting());
  EXPECT_FALSE(matcher.AcceptBytes("a"));
}

TEST(RegexTest, CharactersMayBeCutAnywhere) {
  const Result<Grammar> grammar = CompileRegex("[\\u4f60-\\u4f7f\\u00e9\\U0001f980-\\U0001f9ff]+!");
  ASSERT_TRUE(grammar.ok()) << grammar.error().ToString();
  const std::string text = "\u4f60\u00e9\U0001f98a\u4f7f!";
  ByteMatcher matcher(*grammar);
  for (char byte : text) {
    EXPECT_FALSE(matcher.IsAccepting());
    EXPECT_TRUE(matcher.AcceptBytes(std::string(1, byte)));
  }
  EXPECT_TRUE(matcher.IsAccepting());
  for (const char* wrong : {"\u4f80!", "\xe4\xbd", "\xe4\xbd!", "\xc3!", "\U0001fa00!", "\xf0\x9f\xa4"}) {
    matcher.Reset();
    EXPECT_FALSE(matcher.AcceptBytes(wrong) && matcher.IsAccepting()) << wrong;
  }
}

TEST(RegexTest, NoTextAtAllIsRefused) {
  const Result<Grammar> grammar = CompileRegex("a^b");
  ASSERT_FALSE(grammar.ok());
  EXPECT_EQ(grammar.error().code(), StatusCode::kInvalidArgument);
}

TEST(UnicodeSetsTest, PropertiesAreFoundByTheirNames) {
  EXPECT_EQ(UnicodeProperty("Nd")->Contains(U'\u0663'), true);
  EXPECT_EQ(UnicodeProperty("L"), UnicodeProperty("Letter"));
  EXPECT_EQ(UnicodeProperty("Han"), UnicodeProperty("sc=Hani"));
  for (const char* name : {"", "x]y", "L}", "[a]", "Klingon", "L&"}) {
    EXPECT_EQ(UnicodeProperty(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace pano::grammar
