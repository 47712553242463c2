// cache.type: how the workspace gets what the cache has.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "data/version/testing/scratch_repository.h"

namespace pano::data {
namespace {

namespace fs = std::filesystem;

struct stat StatOf(const fs::path& path) {
  struct stat s{};
  EXPECT_EQ(::lstat(path.c_str(), &s), 0) << path;
  return s;
}

class LinkTypes : public testing::TestWithParam<const char*> {
 protected:
  LinkTypes() : scratch_(StrCat("data-links-", GetParam())) {
    scratch_.Write(".dvc/config", StrCat("[core]\n    no_scm = True\n[cache]\n    type = ", GetParam(), "\n"));
  }
  fs::path ObjectOf(std::string_view text) const {
    return scratch_.Path(".dvc/cache/" + ObjectId{Md5Of(text), false, HashName::kMd5}.RelativePath());
  }
  // The file is what the type says: the object under another name, a link to it, or a file of its own that may be written.
  void ExpectPlaced(std::string_view path, std::string_view text) const {
    const std::string_view type = GetParam();
    const struct stat file = StatOf(scratch_.Path(path)), object = StatOf(ObjectOf(text));
    EXPECT_EQ(scratch_.Read(path), text);
    EXPECT_EQ(object.st_mode & 0777u, 0444u);
    if (type == "reflink,hardlink") {   // whichever the file system has
      EXPECT_TRUE(file.st_ino == object.st_ino || (file.st_mode & 0200u) != 0u);
    } else if (type.starts_with("hardlink")) {
      EXPECT_EQ(file.st_ino, object.st_ino);
    } else if (type.starts_with("symlink")) {
      ASSERT_TRUE(S_ISLNK(file.st_mode));
      EXPECT_EQ(fs::canonical(scratch_.Path(path)), fs::canonical(ObjectOf(text)));
    } else {
      EXPECT_TRUE(S_ISREG(file.st_mode));
      EXPECT_NE(file.st_ino, object.st_ino);
      EXPECT_NE(file.st_mode & 0200u, 0u);
    }
  }
  bool Unchanged() const {
    bool unchanged = true;
    const Status status = scratch_.Run([&](const ScratchRepository::Tools& tools) -> Status {
      for (const Output& output : tools.index.outputs) {
        PANO_ASSIGN_OR_RETURN(const bool same, tools.workspace.Unchanged(output));
        unchanged = unchanged && same;
      }
      return {};
    });
    EXPECT_TRUE(status.ok()) << status.message();
    return unchanged;
  }

  const ScratchRepository scratch_;
};

TEST_P(LinkTypes, AddAndCheckoutPlaceWhatTheTypeSays) {
  scratch_.Write("data/a", "one\n");
  scratch_.Write("data/s/twin", "one\n");
  scratch_.Write("data/empty", "");
  const std::string large(3 << 20, 'x');
  scratch_.Write("data/large", large);
  scratch_.Write("single", "alone\n");
  ASSERT_TRUE(scratch_.Add({"data", "single"}).ok());
  for (int round = 0; round < 2; ++round) {
    ExpectPlaced("data/a", "one\n");
    ExpectPlaced("data/s/twin", "one\n");
    ExpectPlaced("data/empty", "");
    ExpectPlaced("data/large", large);
    ExpectPlaced("single", "alone\n");
    EXPECT_TRUE(Unchanged());
    fs::remove_all(scratch_.Path("data"));
    fs::remove(scratch_.Path("single"));
    EXPECT_FALSE(Unchanged());
    const Status status = scratch_.Checkout(false);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  // What was added once more is as it was.
  ASSERT_TRUE(scratch_.Add({"data", "single"}).ok());
  ExpectPlaced("data/a", "one\n");
}

// Whoever writes through a link writes into the cache: it is found, and the object handed out no more.
TEST_P(LinkTypes, AnObjectThatWasWrittenThroughALinkIsFound) {
  scratch_.Write("data/a", "one\n");
  ASSERT_TRUE(scratch_.Add({"data"}).ok());
  const fs::path path = scratch_.Path("data/a");
  const bool shares = fs::equivalent(path, ObjectOf("one\n"));
  fs::permissions(path, static_cast<fs::perms>(0644));
  std::ofstream(path) << "ONE\n";
  EXPECT_FALSE(Unchanged());
  fs::remove_all(scratch_.Path("data"));
  const Status status = scratch_.Checkout(false);
  EXPECT_EQ(status.code(), shares ? StatusCode::kCorruption : StatusCode::kOk) << status.message();
  EXPECT_EQ(fs::exists(path), !shares);
}

// A file that replaces a linked one leaves the object alone.
TEST_P(LinkTypes, ANewFileInPlaceOfALinkIsANewVersion) {
  scratch_.Write("data/a", "one\n");
  ASSERT_TRUE(scratch_.Add({"data"}).ok());
  scratch_.Write("data/a", "two\n");   // removed and written anew
  EXPECT_EQ(scratch_.Checkout(false).code(), StatusCode::kPermissionDenied);   // it would be lost
  ASSERT_TRUE(scratch_.Add({"data"}).ok());
  ExpectPlaced("data/a", "two\n");
  EXPECT_EQ(ReadFile(ObjectOf("one\n").string()).value_or(""), "one\n");
}

INSTANTIATE_TEST_SUITE_P(Types, LinkTypes, testing::Values("copy", "hardlink,copy", "symlink,copy", "reflink,copy", "reflink,hardlink"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::replace(name.begin(), name.end(), ',', '_');
                           return name == "reflink_hardlink" ? std::string("reflink_then_hardlink") : name;
                         });

}  // namespace
}  // namespace pano::data
