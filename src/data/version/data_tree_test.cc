#include "data/version/data_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "data/version/md5_stream.h"
#include "data/version/testing/scratch_repository.h"

namespace pano::data {
namespace {

DataTree TreeOf(const std::map<std::string, std::string>& files) {
  DataTree tree;
  for (const auto& [path, content] : files) tree.Append(path, Md5Of(content));
  return tree;
}

// A path of one to three parts, of characters that JSON or Python writes in a way of their own.
std::string OddPath(Random& random) {
  const std::vector<std::string> letters = {"a", "Z", "0",    " ",            "\"",       "\\",          "\t",
                                            "~", "^", "\x7f", "\xc3\xa9",     "\xe2\x82\xac", "\xf0\x9f\x98\x80", "."};
  std::string path;
  const uint64_t parts = 1 + random.Next() % 3;
  for (uint64_t p = 0; p < parts; ++p) {
    if (p > 0) path += '/';
    path += 'x';   // no part is "." or ".."
    for (uint64_t n = random.Next() % 6; n > 0; --n) path += letters[random.Next() % letters.size()];
  }
  return path;
}

// What Python 3.11 prints for json.dumps([{"md5": m, "relpath": p}], sort_keys=True).
TEST(DataTree, WritesNamesAsPythonDoes) {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"a b", "a b"},
      {"quote\"back\\slash", "quote\\\"back\\\\slash"},
      {"tab\tline\nreturn\r", "tab\\tline\\nreturn\\r"},
      {"\b\f\x01\x1f", "\\b\\f\\u0001\\u001f"},
      {"\x7f", "\\u007f"},
      {"\xc3\xa9", "\\u00e9"},
      {"e\xcc\x81", "e\\u0301"},
      {"\xef\xbf\xbf", "\\uffff"},
      {"\xf0\x90\x80\x80", "\\ud800\\udc00"},
      {"\xf4\x8f\xbf\xbf", "\\udbff\\udfff"},
  };
  for (const auto& [name, written] : names) {
    const DataTree tree = TreeOf({{name, "bar"}});
    EXPECT_EQ(tree.Text(), StrCat("[{\"md5\": \"37b51d194a7513e45b56f6524f2d51f2\", \"relpath\": \"", written, "\"}]"));
  }
  EXPECT_EQ(DataTree().Text(), "[]");
}

TEST(DataTree, ReadsWhatItWritesAndKnowsItsText) {
  Random random(17);
  for (int round = 0; round < 200; ++round) {
    std::map<std::string, std::string> files;
    for (uint64_t n = random.Next() % 12; n > 0; --n) {
      const std::string path = OddPath(random);
      const bool clashes = std::any_of(files.begin(), files.end(), [&](const auto& other) {
        return other.first.starts_with(path + "/") || path.starts_with(other.first + "/");
      });
      if (!clashes) files[path] = StrCat(random.Next());
    }
    const DataTree tree = TreeOf(files);
    const std::string text = tree.Text();
    EXPECT_TRUE(tree.HasText(text)) << text;
    EXPECT_EQ(tree.id(), (ObjectId{Md5Of(text), true, HashName::kMd5}));
    const Result<DataTree> read = DataTree::Parse(text);
    ASSERT_TRUE(read.ok()) << text << ": " << read.error().message();
    EXPECT_EQ(read->Text(), text);
    // Any other text is not its own, be it near.
    for (size_t i = 0; i < text.size(); i += 1 + random.Next() % 9) {
      std::string other = text;
      other[i] = static_cast<char>(other[i] ^ 1);
      EXPECT_FALSE(tree.HasText(other)) << other;
      EXPECT_FALSE(tree.HasText(text.substr(0, i)));
    }
    EXPECT_FALSE(tree.HasText(text + "\n"));
    EXPECT_FALSE(tree.HasText(text + "]"));
  }
}

TEST(DataTree, TakesTheTextsOfOthersInAnyOrderAndSpacing) {
  const std::string md5 = "37b51d194a7513e45b56f6524f2d51f2";
  const auto tree = DataTree::Parse(StrCat("\n[ {\"relpath\":\"b\",\"size\":3,\"more\":{\"x\":[1,-2.5e3,null]},\"md5\":\"", md5,
                                           "\"} , {\"md5\":\"", md5, "\",\"relpath\":\"\\u0061/\\ud83d\\ude00\"} ]\n"));
  ASSERT_TRUE(tree.ok()) << tree.error().message();
  ASSERT_EQ(tree->size(), 2u);
  EXPECT_EQ(tree->path(0), "a/\xf0\x9f\x98\x80");
  EXPECT_EQ(tree->path(1), "b");
  EXPECT_EQ(tree->Find("b"), 1u);
  EXPECT_EQ(tree->Find("a"), std::nullopt);
  EXPECT_EQ(tree->Below("a"), (std::pair<size_t, size_t>(0, 1)));
  EXPECT_EQ(tree->Below("c").first, tree->Below("c").second);
}

TEST(DataTree, SaysWhereATextIsWrong) {
  const std::string md5 = "\"md5\": \"37b51d194a7513e45b56f6524f2d51f2\"";
  for (const std::string& text : std::vector<std::string>{
           "", "[", "[]x", "[{}]", "{}", "null", "[{" + md5 + "}]", "[{\"relpath\": \"a\"}]",
           "[{" + md5 + ", \"relpath\": \"a\"},]", "[{" + md5 + ", \"relpath\": \"a\"} {" + md5 + ", \"relpath\": \"b\"}]",
           "[{" + md5 + ", " + md5 + ", \"relpath\": \"a\"}]", "[{" + md5 + ", \"relpath\": \"a\", \"relpath\": \"b\"}]",
           "[{" + md5 + ", \"relpath\": \"\\ud83d\"}]", "[{" + md5 + ", \"relpath\": \"\\u12\"}]",
           "[{" + md5 + ", \"relpath\": \"\\q\"}]", "[{" + md5 + ", \"relpath\": \"a\n\"}]",
           "[{" + md5 + ", \"relpath\": \"\\u0000\"}]", "[{" + md5 + ", \"relpath\": \"a/./b\"}]",
           "[{" + md5 + ", \"relpath\": \".git/config\"}]", "[{" + md5 + ", \"relpath\": \"s/.dvc/config\"}]",
           "[{" + md5 + ", \"relpath\": 7}]", "[{\"md5\": 7, \"relpath\": \"a\"}]",
           "[{" + md5 + ", \"relpath\": \"a\", \"x\": }]", "[{" + md5 + ", \"relpath\": \"a\", \"x\": [1, }]"}) {
    const auto tree = DataTree::Parse(text);
    ASSERT_FALSE(tree.ok()) << text;
    EXPECT_NE(tree.error().message().find("at byte"), std::string::npos) << text << ": " << tree.error().message();
  }
  // Between a file and what pretends to lie in it may stand others.
  for (const char* other : {"a b", "a-b", "a!"}) {
    const std::string text = StrCat("[{", md5, ", \"relpath\": \"a\"}, {", md5, ", \"relpath\": \"", other, "\"}, {", md5,
                                    ", \"relpath\": \"a/b/c\"}]");
    EXPECT_FALSE(DataTree::Parse(text).ok()) << text;
  }
}

// What is expected of a folder saves the hashing of its manifest and decides nothing.
TEST(WorkspaceLook, IsNotLedAstrayByWhatIsExpected) {
  const ScratchRepository scratch("data-expected", FolderInMemory());
  scratch.Write("d/a", "one");
  scratch.Write("d/s/b", "two");
  ASSERT_TRUE(scratch.Add({"d"}).ok());
  const ObjectId right = TreeOf({{"a", "one"}, {"s/b", "two"}}).id();
  const auto look = [&](const std::optional<ObjectId>& expected) {
    ObjectId found;
    const Status status = scratch.Run([&](const ScratchRepository::Tools& tools) -> Status {
      PANO_ASSIGN_OR_RETURN(const Content content, tools.workspace.Look("d", HashName::kMd5, expected));
      found = content.id;
      return {};
    });
    EXPECT_TRUE(status.ok()) << status.message();
    return found;
  };
  EXPECT_EQ(look(right), right);
  EXPECT_EQ(look(std::nullopt), right);
  EXPECT_EQ(look(ObjectId{Md5Of("absent"), true, HashName::kMd5}), right);
  EXPECT_EQ(look(ObjectId{Md5Of("one"), false, HashName::kMd5}), right) << "a file's object";
  EXPECT_EQ(look(ObjectId{right.md5, true, HashName::kMd5Dos2Unix}), right) << "of another kind";
  // The workspace is another now: the object of before is there and sound.
  scratch.Write("d/a", "1");
  EXPECT_EQ(look(right), TreeOf({{"a", "1"}, {"s/b", "two"}}).id());
  scratch.Write("d/a", "one");
  // An object that is not what its name says, though its text would fit what is in the workspace.
  const std::string object = scratch.Path(".dvc/cache/" + right.RelativePath()).string();
  scratch.Write("d/a", "1");
  std::filesystem::permissions(object, std::filesystem::perms::owner_all);
  std::ofstream(object, std::ios::binary) << TreeOf({{"a", "1"}, {"s/b", "two"}}).Text();
  EXPECT_EQ(look(right), TreeOf({{"a", "1"}, {"s/b", "two"}}).id());
}

}  // namespace
}  // namespace pano::data
