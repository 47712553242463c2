#include "model/adapter/python_regex.h"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"

namespace pano::adapter {
namespace {

bool Matches(std::string_view pattern, std::string_view name) {
  MatchBudget budget;
  auto regex = PythonRegex::Compile(pattern);
  EXPECT_TRUE(regex.ok()) << pattern << ": " << regex.error().ToString();
  if (!regex.ok()) return false;
  auto matches = (*regex)->FullMatch(name, budget);
  EXPECT_TRUE(matches.ok()) << pattern << ": " << matches.error().ToString();
  return matches.ok() && *matches;
}

// What Python 3.12's re.fullmatch answers.
TEST(PythonRegex, MatchesAsPython) {
  constexpr std::string_view kName = "model.layers.1.mlp.down_proj";
  EXPECT_TRUE(Matches(R"(.*\.(self_attn\.(q|o)|mlp\.down)_proj)", kName));
  EXPECT_FALSE(Matches(R"(.*\.mlp\.down)", kName));          // all of the name
  EXPECT_FALSE(Matches(R"(layers\.1\.mlp\.down_proj)", kName));
  EXPECT_TRUE(Matches(R"(^(?!.*vision).*(?:q|down)_proj$)", kName));
  EXPECT_FALSE(Matches(R"(^(?!.*mlp).*_proj)", kName));
  EXPECT_TRUE(Matches(R"((?:.*?(?:language|layers).*?(?:mlp).*?(?:up|down)_proj).*?)", kName));
  EXPECT_TRUE(Matches(R"(model\.layers\.\d{1,2}\.\w+\.[a-z_]+)", kName));
  EXPECT_TRUE(Matches(R"((?P<a>model)\.(?:.(?!(?P=a)))*)", kName));
  EXPECT_TRUE(Matches(R"((?i)MODEL.*)", kName));
  EXPECT_TRUE(Matches(R"((?#all of it).*\Z)", kName));
  EXPECT_TRUE(Matches(R"(model\x2elayers\u002E1.*)", kName));
  EXPECT_TRUE(Matches(R"((?i:MODEL)\.layers.*)", kName));
  EXPECT_FALSE(Matches(R"((?i:model)\.LAYERS.*)", kName));
}

TEST(PythonRegex, ReadsBracesSetsAndEscapesAsPython) {
  EXPECT_TRUE(Matches("a{,2}", "aa"));      // {0,2}, where PCRE2 10.42 sees text
  EXPECT_TRUE(Matches("a{,2}", ""));
  EXPECT_FALSE(Matches("a{,2}", "aaa"));
  EXPECT_TRUE(Matches("a{2,}", "aaaa"));
  EXPECT_TRUE(Matches("a{x}", "a{x}"));
  EXPECT_TRUE(Matches("a{}", "a{}"));
  EXPECT_TRUE(Matches("[[:alpha:]]", ":]"));   // a set of [:alph, then ]
  EXPECT_TRUE(Matches("[]a]+", "]a"));
  EXPECT_TRUE(Matches("[^]a]", "b"));
  EXPECT_TRUE(Matches(R"(\v)", "\x0b"));
  EXPECT_FALSE(Matches(R"(\v)", "\x0c"));
  EXPECT_TRUE(Matches(R"([\b])", "\x08"));
  EXPECT_TRUE(Matches(R"((a)(b)\2\1)", "abba"));
  EXPECT_TRUE(Matches(R"(\é)", "é"));
  EXPECT_TRUE(Matches("a++b", "aab"));
}

TEST(PythonRegex, RefusesWhatWouldMeanSomethingElse) {
  for (const char* pattern :
       {R"(\Qa\E)", R"(\h)", R"(\K)", R"(\R)", R"(\p{L})", "(?R)", "(?1)", "(*ACCEPT)", "(?x) a",
        "(?C1)", "(?P>a)", "(?<a>b)", "(?|a)", "[a", "(a", "a)", "a)(b", "*a", R"(\)", R"(\012)", R"(\x1)",
        "(?#", "(?L:a)", "a{70000}", "(?(1)a|b)"}) {
    auto regex = PythonRegex::Compile(pattern);
    ASSERT_FALSE(regex.ok()) << pattern;
    EXPECT_EQ(regex.error().code(), StatusCode::kUnimplemented);
    EXPECT_NE(regex.error().message().find("regular expression"), std::string::npos) << pattern;
  }
  EXPECT_FALSE(PythonRegex::Compile(std::string(9000, 'a')).ok());
  EXPECT_FALSE(PythonRegex::Compile(std::string(200, '(') + std::string(200, ')')).ok());
  EXPECT_FALSE(PythonRegex::Compile("\xff").ok());
}

TEST(PythonRegex, EndsWhenAMatchTakesTooLong) {
  MatchBudget budget;
  auto regex = PythonRegex::Compile(R"((a+)+(a*)*[bc])");
  ASSERT_TRUE(regex.ok());
  auto matches = (*regex)->FullMatch(std::string(60, 'a'), budget);
  ASSERT_FALSE(matches.ok());
  EXPECT_EQ(matches.error().code(), StatusCode::kExhausted);
  EXPECT_FALSE(*(*regex)->FullMatch(std::string(PythonRegex::kNameBytesMax + 1, 'a'), budget));
}

TEST(PythonRegex, AllMatchesTogetherHaveABudget) {
  MatchBudget budget;
  auto regex = PythonRegex::Compile(".*");
  ASSERT_TRUE(regex.ok());
  EXPECT_TRUE(*(*regex)->FullMatch("a", budget));
  EXPECT_FALSE(budget.Spend(MatchBudget::kNanosecondsMax));
  EXPECT_EQ((*regex)->FullMatch("a", budget).error().code(), StatusCode::kExhausted);
}

}  // namespace
}  // namespace pano::adapter
