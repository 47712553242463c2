// Ids, digests, paths, settings, patterns: the small parsers of data versions.

#include <gtest/gtest.h>

#include "data/version/config.h"
#include "data/version/ignore.h"
#include "data/version/index.h"
#include "data/version/md5_stream.h"
#include "data/version/object_id.h"
#include "data/version/relative_path.h"

namespace pano::data {
namespace {

TEST(ObjectId, IsTheNameThatCachesUse) {
  const auto id = ObjectId::Parse("37b51d194a7513e45b56f6524f2d51f2.dir");
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE(id->folder);
  EXPECT_EQ(id->RelativePath(), "files/md5/37/b51d194a7513e45b56f6524f2d51f2.dir");
  EXPECT_EQ((ObjectId{id->md5, false, HashName::kMd5Dos2Unix}.RelativePath()), "37/b51d194a7513e45b56f6524f2d51f2");
  for (const char* bad : {"", "37B51d194a7513e45b56f6524f2d51f2", "../../etc/passwd", "37b51d194a7513e45b56f6524f2d51f2.dirx", "37b51d19"}) {
    EXPECT_FALSE(ObjectId::Parse(bad).ok()) << bad;
  }
}

TEST(Md5, TextsOfDvc2CountWithoutCarriageReturns) {
  EXPECT_EQ(Md5Of("bar").Hex(), "37b51d194a7513e45b56f6524f2d51f2");
  EXPECT_EQ(Md5Of("a\r\nb\r\n", HashName::kMd5Dos2Unix), Md5Of("a\nb\n"));
  EXPECT_EQ(Md5Of("a\rb\r", HashName::kMd5Dos2Unix), Md5Of("a\rb\r"));
  const std::string binary("\0\r\n", 3);
  EXPECT_EQ(Md5Of(binary, HashName::kMd5Dos2Unix), Md5Of(binary));
  EXPECT_EQ(Md5Of("", HashName::kMd5Dos2Unix), Md5Of(""));
  // A CR LF that is cut between two pieces.
  Md5Stream stream(HashName::kMd5Dos2Unix);
  const std::string text = std::string(600, 'x') + "\r";
  stream.Append(text);
  stream.Append("\nend");
  EXPECT_EQ(stream.Finish(), Md5Of(std::string(600, 'x') + "\nend"));
  EXPECT_EQ(stream.Finish(), Md5Of(""));   // begins anew
}

TEST(RelativePath, LeadsNowhereElse) {
  for (const char* good : {"a", "a/b", ".a", "a..b", "\xc3\xa9/x y"}) EXPECT_TRUE(CheckRelativePath(good).ok()) << good;
  for (const char* bad : {"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "\xff"}) EXPECT_FALSE(CheckRelativePath(bad).ok()) << bad;
  EXPECT_FALSE(CheckRelativePath(std::string("a\0b", 3)).ok());
  EXPECT_FALSE(CheckRelativePath(std::string(300, 'a')).ok());
  EXPECT_EQ(*Resolve("x/y", "../b"), "x/b");
  EXPECT_EQ(*Resolve("", "./a//b/"), "a/b");
  EXPECT_FALSE(Resolve("x", "../../b").ok());
  EXPECT_FALSE(Resolve("x", "/b").ok());
  EXPECT_EQ(RelativeTo("", "a/b"), "a/b");
  EXPECT_EQ(RelativeTo("a", "a/b"), "b");
  EXPECT_EQ(RelativeTo("x/y", "a/b"), "../../a/b");
  EXPECT_EQ(RelativeTo("ab", "a"), "../a");
}

TEST(PathLess, PutsWhatLiesInAFolderBehindIt) {
  EXPECT_TRUE(PathLess()("a", "a/b"));
  EXPECT_TRUE(PathLess()("a/b", "a b"));
  EXPECT_TRUE(PathLess()("a/b", "a-b"));
  EXPECT_FALSE(PathLess()("a", "a"));
}

TEST(Config, ReadsWhatConfigobjWrites) {
  Config config;
  const Status status = config.Merge(
      "# c\n[core]\n    remote = near   # default\n    no_scm = True\n['remote \"near\"']\n    url = ../x;y\n[\"remote \\\"q\\\"\"]\n", "d/config");
  EXPECT_FALSE(status.ok());   // configobj knows no escapes in section names
  Config good;
  ASSERT_TRUE(good.Merge("[core]\n  Remote = near # c\n  no_scm = True\n['remote \"near\"']\nurl = \"a # b\"\n", "d/config").ok());
  EXPECT_EQ(good.Get("core", "remote"), "near");
  EXPECT_TRUE(good.GetBool("core", "no_scm", false));
  EXPECT_EQ(good.FolderOf("core", "remote"), "d");
  EXPECT_EQ(good.Remote("near")->at("url"), "a # b");
  EXPECT_EQ(good.Remotes(), std::vector<std::string>{"near"});
  EXPECT_NE(good.Remote("far").status().message().find("far"), std::string::npos);
  ASSERT_TRUE(good.Merge("[core]\nremote = local\n", "e/config.local").ok());
  EXPECT_EQ(good.Get("core", "remote"), "local");
  EXPECT_EQ(good.FolderOf("core", "remote"), "e");
  for (const char* bad : {"[core", "key = 1", "[a]\nx\n", "[a]\nx=1\nx=2\n", "[a]\nx = \"1\n", "[a]\n[a]\n", "[]\n"}) {
    const Status refused = Config().Merge(bad, "config");
    EXPECT_FALSE(refused.ok()) << bad;
    EXPECT_NE(refused.message().find("config: line "), std::string::npos) << refused.message();
  }
}

TEST(Ignore, FollowsGitignore) {
  struct Row {
    const char* patterns;
    const char* path;
    bool folder;
    int match;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"*.log", "a.log", false, 1},        {"*.log", "d/a.log", false, 1},      {"/*.log", "d/a.log", false, -1},
           {"*.log\n!k.log", "k.log", false, 0}, {"tmp/", "tmp", false, -1},          {"tmp/", "d/tmp", true, 1},
           {"a/b", "x/a/b", false, -1},          {"a/b", "a/b", false, 1},            {"**/b", "x/y/b", false, 1},
           {"a/**/b", "a/b", false, 1},          {"a/**/b", "a/x/y/b", false, 1},     {"a/**", "a/x/y", false, 1},
           {"a/**", "a", true, 1},               {"a/**", "a", false, -1},            {"q?", "qq", false, 1},
           {"q?", "q", false, -1},               {"?", "\xc3\xa9", false, 1},         {"[a-c]x", "bx", false, 1},
           {"[!a-c]x", "bx", false, -1},         {"\\#f", "#f", false, 1},            {"# f", "# f", false, -1},
           {"\\!f", "!f", false, 1},             {"[x", "[x", false, 1},              {"a*b*c", "axxbxxc", false, 1},
           {"*", "x/y", false, 1},               {"", "x", false, -1}}) {
    const auto file = IgnoreFile::Parse(row.patterns);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->Match(row.path, row.folder), row.match) << row.patterns << " and " << row.path;
  }
}

TEST(Ignore, StarsDoNotMultiply) {
  const auto file = IgnoreFile::Parse("*a*a*a*a*a*a*a*a*a*a*a*a*b\n**/a/**/a/**/a/**/a/**/b");
  std::string path;
  for (int i = 0; i < 200; ++i) path += "a/";
  EXPECT_EQ(file->Match(path + std::string(200, 'a'), false), -1);   // at once, or this test would not end
}

}  // namespace
}  // namespace pano::data
