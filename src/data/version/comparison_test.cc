#include "data/version/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/strings.h"
#include "data/version/md5_stream.h"

namespace pano::data {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Change::Kind;
using Files = std::map<std::string, std::string>;

DataTree TreeOf(const Files& files) {
  DataTree tree;
  for (const auto& [path, content] : files) tree.Append(path, Md5Of(content));
  return tree;
}

// A folder of these files, in the words of a comparison. Points into itself.
struct Side {
  explicit Side(const Files& files) : tree(TreeOf(files)) {
    side.there = true;
    side.id = tree.id();
    side.tree = &tree;
  }
  Side(const Side&) = delete;
  DataTree tree;
  ComparedSide side;
};

ComparedSide FileSide(const std::string& content) {
  ComparedSide side;
  side.there = true;
  side.id = ObjectId{Md5Of(content), false, HashName::kMd5};
  return side;
}

// "+d/x", "-d/x", "~d/x", "d/x>d/y", "=d/x", "?d/x"; "/" behind a file across which a folder lies.
std::vector<std::string> Shown(const std::vector<Change>& changes) {
  std::vector<std::string> out;
  for (const Change& change : changes) {
    const std::string tail = change.folder_across ? "/" : "";
    switch (change.kind) {
      case Kind::kAdded: out.push_back(StrCat("+", change.path, tail)); break;
      case Kind::kDeleted: out.push_back(StrCat("-", change.path, tail)); break;
      case Kind::kModified: out.push_back("~" + change.path); break;
      case Kind::kRenamed: out.push_back(StrCat(change.old_path, ">", change.path)); break;
      case Kind::kUnchanged: out.push_back("=" + change.path); break;
      case Kind::kUnknown: out.push_back("?" + change.path); break;
    }
  }
  return out;
}

std::vector<std::string> Compared(const ComparedSide& before, const ComparedSide& after,
                                  const CompareOptions& options = {.granular = true, .unchanged = false}) {
  std::vector<Change> changes;
  Compare("d", before, after, options, &changes);
  FindRenames(&changes);
  return Shown(changes);
}

TEST(Compare, SeesEachFileOfAFolderOnce) {
  const Side before(Files{{"a", "1"}, {"b", "2"}, {"s/c", "3"}}), after(Files{{"a", "1"}, {"b", "two"}, {"s/e", "4"}});
  EXPECT_THAT(Compared(before.side, after.side), ElementsAre("~d/", "~d/b", "-d/s/c", "+d/s/e"));
  EXPECT_THAT(Compared(before.side, after.side, {}), ElementsAre("~d/"));
  EXPECT_THAT(Compared(before.side, after.side, {.granular = true, .unchanged = true}),
              ElementsAre("~d/", "=d/a", "~d/b", "-d/s/c", "+d/s/e"));
  EXPECT_THAT(Compared(before.side, before.side), IsEmpty());
  EXPECT_THAT(Compared(before.side, before.side, {.granular = true, .unchanged = true}),
              ElementsAre("=d/", "=d/a", "=d/b", "=d/s/c"));
}

TEST(Compare, SeesWhatComesAndGoesAsAWhole) {
  const Side folder(Files{{"a", "1"}});
  const ComparedSide nothing;
  EXPECT_THAT(Compared(nothing, folder.side), ElementsAre("+d/", "+d/a"));
  EXPECT_THAT(Compared(folder.side, nothing), ElementsAre("-d/", "-d/a"));
  EXPECT_THAT(Compared(nothing, FileSide("x")), ElementsAre("+d"));
  EXPECT_THAT(Compared(FileSide("x"), nothing), ElementsAre("-d"));
  EXPECT_THAT(Compared(FileSide("x"), FileSide("x")), IsEmpty());
  EXPECT_THAT(Compared(FileSide("x"), FileSide("y")), ElementsAre("~d"));
  EXPECT_THAT(Compared(nothing, nothing), IsEmpty());
}

TEST(Compare, SeesAFileBecomeAFolderAndTheReverse) {
  const Side folder(Files{{"a", "1"}});
  EXPECT_THAT(Compared(FileSide("x"), folder.side), ElementsAre("~d/", "+d/a"));
  EXPECT_THAT(Compared(folder.side, FileSide("x")), ElementsAre("~d", "-d/a"));
}

// `dvc diff` names neither the file that takes a folder's place nor the one that makes room for a folder; it once was
// shown by us, since the old tree has no entry under the folder's own name.
TEST(Compare, KnowsWhereAFolderLiesAcross) {
  const Side before(Files{{"x/f", "1"}, {"y", "2"}, {"z", "3"}}), after(Files{{"x", "4"}, {"y/g", "5"}, {"w", "6"}});
  std::vector<Change> changes;
  Compare("d", before.side, after.side, {.granular = true, .unchanged = false}, &changes);
  EXPECT_THAT(Shown(changes), ElementsAre("~d/", "+d/w", "+d/x/", "-d/x/f", "-d/y/", "+d/y/g", "-d/z"));
}

TEST(Compare, SaysNothingOfAFolderWhoseManifestIsNotToBeHad) {
  const Side after(Files{{"a", "1"}});
  ComparedSide before;
  before.there = true;
  before.id = ObjectId{Md5Of("lost"), true, HashName::kMd5};
  before.tree_missing = true;
  EXPECT_THAT(Compared(before, after.side), ElementsAre("~d/", "?d/a"));
  ComparedSide gone = before;
  EXPECT_THAT(Compared(before, gone), IsEmpty());
}

TEST(FindRenames, PairsTheFirstWithTheFirst) {
  const Side before(Files{{"a", "same"}, {"b", "same"}, {"c", "same"}, {"k", "kept"}});
  const Side after(Files{{"k", "kept"}, {"x", "same"}, {"y", "same"}});
  EXPECT_THAT(Compared(before.side, after.side), ElementsAre("~d/", "-d/c", "d/a>d/x", "d/b>d/y"));
  const Side more(Files{{"k", "kept"}, {"x", "same"}, {"y", "same"}, {"z", "same"}, {"zz", "same"}});
  EXPECT_THAT(Compared(before.side, more.side), ElementsAre("~d/", "d/a>d/x", "d/b>d/y", "d/c>d/z", "+d/zz"));
}

TEST(FindRenames, PartByPartNotByteByByte) {
  // '-' comes before '/', but what lies in s comes before s-t.
  const Side before(Files{{"s-t", "same"}, {"s/u", "same"}}), after(Files{{"x", "same"}});
  EXPECT_THAT(Compared(before.side, after.side), ElementsAre("~d/", "-d/s-t", "d/s/u>d/x"));
}

TEST(FindRenames, FindsAFileThatMovedWhereAFolderWas) {
  const Side before(Files{{"s/u", "same"}}), after(Files{{"s", "same"}});
  EXPECT_THAT(Compared(before.side, after.side), ElementsAre("~d/", "d/s/u>d/s"));
}

}  // namespace
}  // namespace pano::data
