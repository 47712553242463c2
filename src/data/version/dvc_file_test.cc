#include "data/version/dvc_file.h"

#include <gtest/gtest.h>

#include "data/version/data_tree.h"

namespace pano::data {
namespace {

const char kId[] = "d41d8cd98f00b204e9800998ecf8427e";

Output Folder(const Output& from) {
  Output out = from;
  out.id = *ObjectId::Parse(std::string(kId) + ".dir");
  out.bytes = 7;
  out.files = 2;
  return out;
}

TEST(DvcFile, IsWrittenAsDvcDoes) {
  Output output;
  output.path = "sub/it's: x";
  output.id = *ObjectId::Parse(kId);
  output.bytes = 0;
  output.executable = true;
  EXPECT_EQ(DvcFile::For(output, "sub/x.dvc").text(),
            "outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n  size: 0\n  isexec: true\n  hash: md5\n  path: 'it''s: x'\n");
}

TEST(DvcFile, KeepsWhatItDoesNotChange) {
  auto file = DvcFile::Parse(
      "# head\nouts:   # list\n- md5: 610232c5e9c74e665a1ba88b31e6b594  # old\n  size: 58\n  hash: md5\n  path: a\n  desc: |\n    # no comment\n    text\n"
      "  labels: [x, 'y z']  # two\n\nmeta:\n  k: {a: 1}\n# end\n", "a.dvc");
  ASSERT_TRUE(file.ok()) << file.status().message();
  ASSERT_TRUE(file->Update(0, Folder(file->outputs()[0])).ok());
  EXPECT_EQ(file->text(),
            "# head\nouts:   # list\n- md5: d41d8cd98f00b204e9800998ecf8427e.dir  # old\n  size: 7\n  hash: md5\n  path: a\n  desc: |\n    # no comment\n    text\n"
            "  labels: [x, 'y z']  # two\n  nfiles: 2\n\nmeta:\n  k: {a: 1}\n# end\n");
}

TEST(DvcFile, OneOfDvc2GetsItsHashLast) {
  auto file = DvcFile::Parse("outs:\n- md5: 610232c5e9c74e665a1ba88b31e6b594\n  size: 58\n  path: a\n", "a.dvc");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->outputs()[0].id->hash, HashName::kMd5Dos2Unix);
  Output next = file->outputs()[0];
  next.id = *ObjectId::Parse(kId);
  ASSERT_TRUE(file->Update(0, next).ok());
  EXPECT_EQ(file->text(), "outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n  size: 58\n  path: a\n  hash: md5\n");
}

TEST(DvcFile, FlowStyleBecomesBlockStyle) {
  auto file = DvcFile::Parse("outs: [{path: a, md5: 610232c5e9c74e665a1ba88b31e6b594, hash: md5}]\n", "a.dvc");
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->Update(0, Folder(file->outputs()[0])).ok());
  EXPECT_EQ(file->text(), "outs:\n- path: a\n  md5: d41d8cd98f00b204e9800998ecf8427e.dir\n  hash: md5\n  size: 7\n  nfiles: 2\n");
}

TEST(DvcFile, RefusesWithFileAndLine) {
  for (const char* bad : {"- a\n", "outs: {a: 1}\n", "outs:\n- md5: x\n  path: a\n", "outs:\n- path: ../x\n", "outs:\n- path: /etc/x\n",
                          "outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n", "outs:\n- path: a\n  size: -1\n", "outs:\n- path: .git/config\n",
                          "outs:\n- path: a\n- path: a\n", "outs:\n- path: a\n  hash: sha1\n", "outs: &a\n- path: a\nx: *a\n",
                          "outs:\n- path: s3://b/x\n", "outs:\n- path: a\n\t- b\n", "outs:\n- path: .\n"}) {
    const auto file = DvcFile::Parse(bad, "x.dvc");
    ASSERT_FALSE(file.ok()) << bad;
    EXPECT_EQ(file.status().message().rfind("x.dvc: ", 0), 0u) << file.status().message();
    EXPECT_NE(file.status().message().find("line "), std::string::npos) << file.status().message();
  }
}

TEST(YamlScalar, QuotesWhatWouldReadAsSomethingElse) {
  for (const char* plain : {"a", "no", "a b", "x,y", "it's", "a\\b", "\xc3\xa9"}) EXPECT_EQ(YamlScalar(plain), plain);
  for (const char* quoted : {"", "123", "1_000", "0o7", "null", "~", "2024-01-01", " a", "a ", "- a", "a: b", "a #b", "#c", "&x", "'", "{x}", "a:", "---"}) {
    EXPECT_EQ(YamlScalar(quoted).front(), '\'') << quoted;
  }
  EXPECT_EQ(YamlScalar("a\tb\x7f"), "\"a\\tb\\x7F\"");
}

TEST(YamlText, EditsInPlace) {
  auto text = YamlText::Parse("stages:\n  a:\n    cmd: x   # why\n    outs:\n    - o\n  b:\n    cmd: y\n");
  ASSERT_TRUE(text.ok());
  ASSERT_TRUE(text->SetScalar({"stages", "a", "cmd"}, "echo #1").ok());
  ASSERT_TRUE(text->AppendItem({"stages", "a", "outs"}, "p:\n  cache: false\n").ok());
  ASSERT_TRUE(text->Remove({"stages", "b"}).ok());
  ASSERT_TRUE(text->AppendEntry({"stages"}, "c", "cmd: z\ndeps:\n- q\n").ok());
  EXPECT_EQ(text->text(),
            "stages:\n  a:\n    cmd: 'echo #1'   # why\n    outs:\n    - o\n    - p:\n        cache: false\n  c:\n    cmd: z\n    deps:\n    - q\n");
  EXPECT_FALSE(text->SetScalar({"none", "x"}, "1").ok());
}

TEST(DataTree, IsWhatPythonWrites) {
  DataTree tree;
  tree.Append("a.txt", *Md5::Parse("37b51d194a7513e45b56f6524f2d51f2"));
  tree.Append("b/\xc3\xa9.txt", *Md5::Parse("acbd18db4cc2f85cedef654fccc4a4d8"));
  EXPECT_EQ(tree.Text(), "[{\"md5\": \"37b51d194a7513e45b56f6524f2d51f2\", \"relpath\": \"a.txt\"}, "
                         "{\"md5\": \"acbd18db4cc2f85cedef654fccc4a4d8\", \"relpath\": \"b/\\u00e9.txt\"}]");
  EXPECT_EQ(tree.id().ToString(), "fc2f29d8bf3a9cff386ffdf079baad0b.dir");
  DataTree wild;
  wild.Append("\x7f\x01\"\\\xf0\x9f\x98\x80", Md5());
  EXPECT_NE(wild.Text().find("\"\\u007f\\u0001\\\"\\\\\\ud83d\\ude00\""), std::string::npos) << wild.Text();
  const auto read = DataTree::Parse(wild.Text());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->path(0), wild.path(0));
  EXPECT_EQ(DataTree().Text(), "[]");
}

TEST(DataTree, RefusesWhatLeadsElsewhere) {
  const std::string head = "[{\"md5\": \"37b51d194a7513e45b56f6524f2d51f2\", \"relpath\": \"", tail = "\"}]";
  EXPECT_TRUE(DataTree::Parse(head + "a" + tail).ok());
  for (const char* path : {"../x", "a/../../x", "/etc/x", "", ".", "a//b", "a/.git/config", ".dvc/config", "a\\u0000b", "\\ud83d"}) {
    EXPECT_FALSE(DataTree::Parse(head + path + tail).ok()) << path;
  }
  const auto two = [&](std::string a, std::string b) {
    return DataTree::Parse(head + a + "\"}, {\"md5\": \"37b51d194a7513e45b56f6524f2d51f2\", \"relpath\": \"" + b + tail).ok();
  };
  EXPECT_TRUE(two("b", "a"));
  EXPECT_FALSE(two("a", "a"));
  EXPECT_FALSE(two("a", "a/b"));
  EXPECT_FALSE(two("x/a/b/c", "x/a"));
  for (const char* bad : {"", "{}", "[", "[{}]", "[1]", "[{\"md5\": 1, \"relpath\": \"a\"}]", "[] x"}) EXPECT_FALSE(DataTree::Parse(bad).ok()) << bad;
  EXPECT_FALSE(DataTree::Parse(std::string(100'000, '[')).ok());
}

}  // namespace
}  // namespace pano::data
