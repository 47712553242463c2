#include "model/tokenizer/text/regex.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer/text/regex_syntax.h"

namespace pano::tokenizer {
namespace {

constexpr std::string_view kGpt2Pattern =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

// The matches of a pattern in brackets, what lies between without.
std::string Marked(std::string_view pattern, std::string_view text) {
  const Result<RegexPtr> regex = Regex::Compile(pattern);
  if (!regex.ok()) return regex.status().message();
  Regex::Matcher matcher(**regex);
  std::vector<Match> parts;
  const Status status = matcher.FindAll(text, parts);
  if (!status.ok()) return status.message();
  std::string out;
  for (const Match& part : parts) {
    const std::string piece(text.substr(part.begin, part.end - part.begin));
    out += part.matched ? "[" + piece + "]" : piece;
  }
  return out;
}

TEST(Regex, FindsMatchesAndWhatLiesBetween) {
  EXPECT_EQ(Marked("b+", "abbcb"), "a[bb]c[b]");
  EXPECT_EQ(Marked("x", "abc"), "abc");
  EXPECT_EQ(Marked("x", ""), "");
  EXPECT_EQ(Marked("b*", "abba"), "[]a[bb]a[]");
  EXPECT_EQ(Marked(kGpt2Pattern, "I'll see  42 cats!"), "[I]['ll][ see][ ][ 42][ cats][!]");
}

TEST(Regex, SpaceIsUnicodeWhiteSpace) {
  EXPECT_EQ(Marked("\\s+", "a\u00a0\u3000b\u180ec\x1f"), "a[\u00a0\u3000]b\u180ec\x1f");
  EXPECT_EQ(Marked("[^\\s]+", "a\u2003b"), "[a]\u2003[b]");
  EXPECT_EQ(Marked("[\\S]+", "a\u2003b\u180e"), "[a]\u2003[b\u180e]");
}

TEST(Regex, ReadsTheReferenceSyntax) {
  EXPECT_EQ(Marked("\\w+", "é1_\u0301-²Ⅷ-⁴"), "[é1_\u0301]-[²Ⅷ]-⁴");
  EXPECT_EQ(Marked("\\h+", "beef xyz"), "[beef] xyz");            // hexadecimal digits there
  EXPECT_EQ(Marked("\\d{1,2}+", "12345"), "[12345]");             // a repeated interval, not possessive
  EXPECT_EQ(Marked("a{2}?", "aaa"), "[aa]a[]");                   // an optional one
  EXPECT_EQ(Marked("a{,2}b", "aaab"), "a[aab]");
  EXPECT_EQ(Marked("a{x", "a{x"), "[a{x]");
  EXPECT_EQ(Marked("(?i:'S)|(b)", "'s'SBb"), "['s]['S]B[b]");
  EXPECT_EQ(Marked("[a[bc]-]+", "a-cd"), "[a-c]d");
  EXPECT_EQ(Marked("[一-龥]+", "a中文b"), "a[中文]b");
  EXPECT_EQ(Marked("\\p{Han}+|\\p{^L}+", "a中、1"), "a[中][、1]");
  EXPECT_EQ(Marked("\\p{Uppercase_Letter}", "aB"), "a[B]");
  EXPECT_EQ(Marked("\\u4e2d|\\x41|\\x{1F600}", "中A\U0001F600"), "[中][A][\U0001F600]");
  EXPECT_EQ(Marked("^a|b$", "a\nab\nb"), "[a]\n[a][b]\n[b]");
  EXPECT_EQ(Marked("\\bfoo\\b", "foo food"), "[foo] food");
}

TEST(Regex, RefusesWhatItCannotReadFaithfully) {
  for (const char* pattern : {"(", ")", "[a", "[]", "a\\", "(?<n>a)", "(?R)", "(*VERB)", "\\1", "\\Q", "\\pL",
                              "[a&&b]", "[[:alpha:]]", "[a[^b]]", "[z-a]", "\\xff", "\\p{Nonsense}", "\\p{}",
                              "a**", "\\u12", "\\x{110000}", "*", "\xff"}) {
    const Result<RegexPtr> regex = Regex::Compile(pattern);
    ASSERT_FALSE(regex.ok()) << pattern;
    EXPECT_EQ(regex.status().code(), StatusCode::kUnimplemented) << pattern;
  }
  EXPECT_FALSE(Regex::Compile(std::string(1 << 20, 'a')).ok());
  EXPECT_FALSE(Regex::Compile(std::string(1000, '(') + std::string(1000, ')')).ok());
  EXPECT_FALSE(Regex::Compile("((((a{1000}){1000}){1000}){1000})").ok());
}

TEST(Regex, CatastrophicBacktrackingEnds) {
  const std::string text = std::string(40, 'a') + "!";
  for (const char* pattern : {"(a+)+$x", "(a|a)*b", "(a|aa)+c"}) {
    const Result<RegexPtr> regex = Regex::Compile(pattern);
    ASSERT_TRUE(regex.ok()) << regex.status().message();
    Regex::Matcher matcher(**regex);
    std::vector<Match> parts;
    const Status status = matcher.FindAll(text, parts);
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kExhausted) << status.message();
  }
}

// Repetitions over repetitions: one pcre2_match would go on for hours, below its own match limit. (The
// text ends with what the pattern wants, so that the engine cannot see beforehand that it fails.)
struct PatternAndRun {
  const char* pattern;
  char repeated;
  size_t times;
};
class PolynomialPattern : public ::testing::TestWithParam<PatternAndRun> {};

TEST_P(PolynomialPattern, Ends) {
  const PatternAndRun& run = GetParam();
  const std::string text(run.times, run.repeated);
  const Result<RegexPtr> regex = Regex::Compile(run.pattern);
  ASSERT_TRUE(regex.ok()) << regex.status().message();
  Regex::Matcher matcher(**regex);
  std::vector<Match> parts;
  EXPECT_EQ(matcher.FindAll(text + "\n!=xbcd1", parts).code(), StatusCode::kExhausted);
}

INSTANTIATE_TEST_SUITE_P(
    Regex, PolynomialPattern,
    ::testing::Values(PatternAndRun{"\\s+\\s+\\s+\\s+x", ' ', 100'000},
                      PatternAndRun{".*.*.*=", 'a', 100'000},
                      PatternAndRun{".*?.*?.*?=", 'a', 100'000},
                      PatternAndRun{"(?:a*)(?:a*)(?:a*)b", 'a', 100'000},
                      PatternAndRun{"(?=a*b)a", 'a', 1 << 20},
                      PatternAndRun{"a{200,}b", 'a', 4 << 20},
                      PatternAndRun{"a{2000}b|a{2001}c|a{2002}d", 'a', 4 << 20},
                      PatternAndRun{"(?:aa|a)*b", 'a', 1 << 20},
                      PatternAndRun{"(?:a(?=a*b)|a)*c", 'a', 1 << 20},
                      PatternAndRun{"(?:a++b|a)*c", 'a', 1 << 20},
                      PatternAndRun{"(?:a?a?a?a?a?a++b|a)*c", 'a', 1 << 20},
                      PatternAndRun{"a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?b", 'a', 1 << 10},
                      PatternAndRun{"(?:ab?)+c", 'a', 1 << 20}));

// What published patterns do stays far below the bound, whatever the text.
TEST(Regex, PublishedShapesAreNotRefused) {
  constexpr std::string_view kQwen =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
      "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  for (std::string_view part : {" ", "a", "  x", "\n", " \n", "1", "!", "\u4e2d", "a b\r\n", "    a"}) {
    std::string text;
    while (text.size() < 1 << 20) text += part;
    for (std::string_view pattern : {kQwen, kGpt2Pattern}) {
      const Result<RegexPtr> regex = Regex::Compile(pattern);
      ASSERT_TRUE(regex.ok());
      Regex::Matcher matcher(**regex);
      std::vector<Match> parts;
      EXPECT_TRUE(matcher.FindAll(text, parts).ok()) << part;
    }
  }
}

TEST(Regex, LongRunsAreLinear) {
  for (const std::string& text : {std::string(1 << 20, ' '), std::string(1 << 20, 'a'), std::string(1 << 20, '\n')}) {
    const Result<RegexPtr> regex = Regex::Compile("\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+|\\p{L}+");
    ASSERT_TRUE(regex.ok());
    Regex::Matcher matcher(**regex);
    std::vector<Match> parts;
    EXPECT_TRUE(matcher.FindAll(text, parts).ok());
    EXPECT_EQ(parts.size(), 1u);
  }
}

}  // namespace
}  // namespace pano::tokenizer
