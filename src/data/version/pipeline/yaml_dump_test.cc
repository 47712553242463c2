#include "data/version/pipeline/yaml_dump.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "data/version/pipeline/yaml_value.h"

namespace pano::pipeline {
namespace {

std::string Dumped(std::string_view json_text) {
  const auto value = json::Parse(json_text);
  EXPECT_TRUE(value.ok()) << json_text;
  return DumpYaml(*value);
}

TEST(PythonFloat, PrintsAsReprDoes) {
  EXPECT_EQ(PythonFloat(0.25), "0.25");
  EXPECT_EQ(PythonFloat(1e-5), "1e-05");
  EXPECT_EQ(PythonFloat(0.0001), "0.0001");
  EXPECT_EQ(PythonFloat(1e16), "1e+16");
  EXPECT_EQ(PythonFloat(123456789012345680.0), "1.2345678901234568e+17");
  EXPECT_EQ(PythonFloat(1e15), "1000000000000000.0");
  EXPECT_EQ(PythonFloat(3), "3.0");
  EXPECT_EQ(PythonFloat(-0.0), "-0.0");
  EXPECT_EQ(PythonFloat(1.5e300), "1.5e+300");
  EXPECT_EQ(PythonFloat(0.789), "0.789");
}

// Expected texts are what ruamel.yaml 0.19 printed through dvc 3.67.1.
TEST(DumpYaml, WritesWhatDvcWrites) {
  EXPECT_EQ(Dumped(R"({"a":[],"b":{},"c":[[1,2],[3]],"d":[{"b":1,"c":[2]}]})"),
            "a: []\nb: {}\nc:\n- - 1\n  - 2\n- - 3\nd:\n- b: 1\n  c:\n  - 2\n");
  EXPECT_EQ(Dumped(R"({"k":"","n":null,"l":[null,1],"t":true})"),
            "k: ''\nn:\nl:\n- \n- 1\nt: true\n");
  EXPECT_EQ(Dumped(R"({"cmd":"echo 1\necho 2\n"})"), "cmd: \"echo 1\\necho 2\\n\"\n");
  EXPECT_EQ(
      Dumped(
          R"({"x":"a: b","y":"- a","z":"#c","w":"a #b","v":"a:","u":":a","t":"a,b","s":"[a","r":"a]"})"),
      "x: 'a: b'\ny: '- a'\nz: '#c'\nw: 'a #b'\nv: 'a:'\nu: :a\nt: a,b\ns: '[a'\nr: a]\n");
  EXPECT_EQ(
      Dumped(
          R"({"x":"0o7","y":"1e3","z":"1_0","v":"1:30","u":"yes","t":"~","s":"2001-01-01","r":"=","q":"<<","p":".5","o":"1e"})"),
      "x: '0o7'\ny: '1e3'\nz: '1_0'\nv: 1:30\nu: yes\nt: '~'\ns: '2001-01-01'\nr: '='\nq: '<<'\np: "
      "'.5'\no: 1e\n");
  EXPECT_EQ(Dumped(R"({"1":2,"true":3,"a b":4,"":5})"), "'1': 2\n'true': 3\na b: 4\n'': 5\n");
  EXPECT_EQ(Dumped(R"({"a\nb":1})"), "? \"a\\nb\"\n: 1\n");
  EXPECT_EQ(
      Dumped("{\"x\":\"'\\\"quoted\\\"'\",\"y\":\"\\u007f\",\"z\":\"\\ufeff\",\"e\":\"\xc3\xa9\"}"),
      "x: \"'\\\"quoted\\\"'\"\ny: \"\\x7F\"\nz: \"\\uFEFF\"\ne: \xc3\xa9\n");
}

TEST(DumpYaml, FoldsAt80Columns) {
  std::string a(100, 'a'), c(30, 'c');
  EXPECT_EQ(Dumped("{\"x\":\"" + a + " b " + c + "\"}"), "x: \n  " + a + "\n  b " + c + "\n");
  EXPECT_EQ(
      Dumped(
          R"({"cmd":["mkdir -p parts && head -2 clean.txt > parts/a && tail -2 clean.txt > parts/b"]})"),
      "cmd:\n- mkdir -p parts && head -2 clean.txt > parts/a && tail -2 clean.txt > parts/b\n");
  EXPECT_EQ(
      Dumped(
          R"({"stages":{"count":{"cmd":["mkdir -p parts && head -2 clean.txt > parts/a && tail -2 clean.txt > parts/b"]}}})"),
      "stages:\n  count:\n    cmd:\n    - mkdir -p parts && head -2 clean.txt > parts/a && tail -2 "
      "clean.txt > \n"
      "      parts/b\n");
  std::string words;
  for (int i = 0; i < 40; ++i) words += "word ";
  EXPECT_EQ(Dumped("{\"x\":\"" + words + "\"}"),
            "x: 'word word word word word word word word word word word word word word word word\n"
            "  word word word word word word word word word word word word word word word word\n"
            "  word word word word word word word word '\n");
  std::string its;
  for (int i = 0; i < 30; ++i) its += "it's ";
  EXPECT_EQ(Dumped("{\"x\":\"" + its + "#\"}"),
            "x: \"it's it's it's it's it's it's it's it's it's it's it's it's it's it's it's it's\n"
            "  it's it's it's it's it's it's it's it's it's it's it's it's it's it's #\"\n");
}

TEST(DumpYaml, ReadsBackWhatItWrites) {
  Random random(7);
  const std::string pieces[] = {"a", " ",  "'",        "\"", ":",           "#", "\n",
                                "-", "\t", "\xc3\xa9", "1",  "e",           ".", "long word here ",
                                "{", "\\", "?",        "%",  "\xe2\x80\xa8"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (uint64_t i = random.Below(30); i > 0; --i) text += pieces[random.Below(std::size(pieces))];
    json::Value root;
    root.Set("k", text);
    root.Set("l", json::Array{text, json::Value(1)});
    const std::string yaml = DumpYaml(root);
    const auto document = ParseYaml(yaml);
    ASSERT_TRUE(document.ok()) << yaml << document.error().message();
    EXPECT_EQ(json::Dump(document->root), json::Dump(root)) << yaml;
  }
}

}  // namespace
}  // namespace pano::pipeline
