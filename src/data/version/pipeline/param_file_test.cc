#include "data/version/pipeline/param_file.h"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"
#include "data/version/pipeline/python_params.h"
#include "data/version/pipeline/toml.h"

namespace pano::pipeline {
namespace {

std::string Toml(const std::string& text) {
  const auto value = ParseToml(text);
  return value.ok() ? json::Dump(*value) : "error: " + value.error().message();
}

std::string Python(const std::string& text) {
  const auto value = ParsePythonParams(text);
  return value.ok() ? json::Dump(*value) : "error: " + value.error().message();
}

TEST(Toml, ReadsTablesAndValues) {
  EXPECT_EQ(Toml("[a]\nb = 3\nc = \"s\"\n"), R"({"a":{"b":3,"c":"s"}})");
  EXPECT_EQ(Toml("x.y = 1 # c\nx.z = [1, 2.5,\n 'l', ]\nq = {a = 1, b.c = true}\n"),
            R"({"x":{"y":1,"z":[1,2.5,"l"]},"q":{"a":1,"b":{"c":true}}})");
  EXPECT_EQ(Toml("[[p]]\na = 1\n[p.s]\nk = 1\n[[p]]\na = 2\n[p.s]\nk = 2\n"),
            R"({"p":[{"a":1,"s":{"k":1}},{"a":2,"s":{"k":2}}]})");
  EXPECT_EQ(
      Toml("h = 0xFF\no = 0o17\nb = 0b11\nu = 1_000\nf = -1e3\nd = 1979-05-27\nt = 1979-05-27 "
           "07:32:00Z\n"),
      R"({"h":255,"o":15,"b":3,"u":1000,"f":-1000.0,"d":"1979-05-27","t":"1979-05-27 07:32:00Z"})");
  EXPECT_EQ(Toml("m = \"\"\"\na\\\n   b\n\"\"\"\ne = \"\\u00e9\\n\"\n"),
            "{\"m\":\"ab\\n\",\"e\":\"\xc3\xa9\\n\"}");
}

TEST(Toml, RefusesWhatIsBroken) {
  for (const char* text :
       {"a", "a =", "a = 1\na = 2", "[a]\n[a]", "a = \"x", "a = [1", "a = {b = 1", "a = 1 2", "[a",
        "a = \\", "a = \"\\q\"", "a = tru", "a=1\n[a]\nb=1"}) {
    EXPECT_TRUE(Toml(text).starts_with("error: line ")) << text << " " << Toml(text);
  }
  EXPECT_NE(Toml("a = " + std::string(100, '[')).find("too deep"), std::string::npos);
}

TEST(Toml, KeepsTheOrderOfTheFileAndTheTextOfDates) {
  EXPECT_EQ(Toml("z = 1\na = 2\n[t]\nq = 1\nb.y = 2\nb.x = 3\n[s]\n"), R"({"z":1,"a":2,"t":{"q":1,"b":{"y":2,"x":3}},"s":{}})");
  EXPECT_EQ(Toml("i = {z = 1, a = 2}\n[z.b]\n[z.a]\n"), R"({"i":{"z":1,"a":2},"z":{"b":{},"a":{}}})");
  EXPECT_EQ(Toml("a = [\"\xc3\xa9\", 07:32:00.5, 1979-05-27t00:32:00-07:00 , 1979-05-27 ]"),
            "{\"a\":[\"\xc3\xa9\",\"07:32:00.5\",\"1979-05-27t00:32:00-07:00\",\"1979-05-27\"]}");
}

TEST(Toml, RefusesWhatIsTooDeepBeforeItIsRead) {
  const auto dotted = [](int parts) {
    std::string key = "a";
    for (int i = 1; i < parts; ++i) key += i % 2 == 0 ? ".a" : " . 'b.c'";
    return key;
  };
  EXPECT_TRUE(Toml(dotted(60) + " = 1").starts_with("{"));
  EXPECT_EQ(Toml("x = 1\n" + dotted(66) + " = 1"), "error: line 2: too deep");
  EXPECT_EQ(Toml("x = 1\n[" + dotted(66) + "]"), "error: line 2: too deep");
  std::string inline_tables, dots = "a", numbers;
  for (int i = 0; i < 70; ++i) inline_tables += "{a=";
  EXPECT_EQ(Toml("x=" + inline_tables), "error: line 1: too deep");
  // Each is shallow, all together are not.
  EXPECT_EQ(Toml("[" + dotted(40) + "]\n" + dotted(40) + " = 1").substr(0, 6), "error:");
  for (int i = 0; i < 2'000'000; ++i) dots += ".a";
  EXPECT_EQ(Toml(dots + " = 1"), "error: line 1: too deep");
  // What only looks deep, in strings, comments and lists of numbers.
  const std::string brackets(100, '[');
  for (int i = 0; i < 200; ++i) numbers += "1.5, ";
  const std::string shallow = StrCat("s = \"", brackets, "\\\"", brackets, "\"\nm = '''\n", brackets, "'''\n# ", brackets,
                                     "\nn = [", numbers, "]\nl = 'a.b", std::string(200, '.'), "'\n");
  EXPECT_TRUE(Toml(shallow).starts_with("{")) << Toml(shallow).substr(0, 300);
  EXPECT_TRUE(Toml(std::string((16u << 20) + 1, '#')).starts_with("error: line 1: more than"));
}

TEST(Toml, ManyKeysTakeNoLongerThanTheirNumber) {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += StrCat("key", i, " = ", i, "\n");
  const auto value = ParseToml(text);
  ASSERT_TRUE(value.ok()) << value.error().message();
  EXPECT_EQ(value->as_object().size(), 60'000u);
}

TEST(PythonParams, ReadsLiteralsAndClasses) {
  EXPECT_EQ(Python("A = 5\nB: float = 1e-3  # c\nC = 'x' \"y\"\nD = [1, (2,), {'k': None}]\nE = "
                   "f(3)\nF = -1\n"),
            R"({"A":5,"B":0.001,"C":"xy","D":[1,[2],{"k":null}],"F":-1})");
  EXPECT_EQ(Python("class Train:\n  lr = 0.1\n  def __init__(self):\n    self.n = 3\n    m = 4\n  "
                   "def other(self):\n    self.z = 1\n\nX = True\n"),
            R"({"Train":{"lr":0.1,"n":3},"X":true})");
  EXPECT_EQ(Python("'''doc\nA = 1\n'''\nL = [\n  1,\n  2,  # two\n]\nS = {1, 2}\na = b = 3\nif "
                   "x:\n  Y = 1\n"),
            R"({"L":[1,2],"S":[1,2]})");
}

TEST(PythonParams, RefusesWhatHasNoEnd) {
  for (const char* text : {"A = 'x\n", "A = [1\n", "A = )\n", "A = '''x"}) {
    EXPECT_TRUE(Python(text).starts_with("error: line ")) << text;
  }
}

TEST(ParamFile, GoesByTheNamesEnding) {
  EXPECT_EQ(json::Dump(*ParseParamFile("p.json", R"({"a": 1})")), R"({"a":1})");
  EXPECT_EQ(json::Dump(*ParseParamFile("p.toml", "a = 1")), R"({"a":1})");
  EXPECT_EQ(json::Dump(*ParseParamFile("p.py", "a = 1")), R"({"a":1})");
  EXPECT_EQ(json::Dump(*ParseParamFile("p.yaml", "a: 1")), R"({"a":1})");
  EXPECT_EQ(json::Dump(*ParseParamFile("p.yaml", "")), "{}");
  const auto broken = ParseParamFile("p.yaml", "a: [");
  ASSERT_FALSE(broken.ok());
  EXPECT_TRUE(broken.error().message().starts_with("p.yaml: line 1")) << broken.error().message();
}

TEST(ParamFile, FindsByPath) {
  const auto root = ParseParamFile("p.yaml", "a: {b: [10, 20]}\nc.d: 3\n");
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(FindParam(*root, "a.b.1")->as_int(), 20);
  EXPECT_EQ(FindParam(*root, "c.d")->as_int(), 3);
  EXPECT_EQ(FindParam(*root, "a.b.2"), nullptr);
  EXPECT_EQ(FindParam(*root, "a.b.1.x"), nullptr);
  EXPECT_EQ(FindParam(*root, ""), nullptr);
}

}  // namespace
}  // namespace pano::pipeline
