#include "pano/chat/attachments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/memory_env.h"

namespace pano::chat {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Attachments : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(env_.MakeFolder("src").ok());
    ASSERT_TRUE(WriteFile("src/main.cc", "int main() {}\n", env_).ok());
    ASSERT_TRUE(WriteFile("src/my notes", "one ``` two", env_).ok());
    ASSERT_TRUE(WriteFile("binary", std::string("a\0b", 3), env_).ok());
    ASSERT_TRUE(WriteFile("latin1", "caf\xe9", env_).ok());
  }
  std::string Error(std::string_view message) {
    return AttachFiles(message, env_).status().message();
  }
  MemoryEnv env_;
};

TEST_F(Attachments, FollowTheMessage) {
  const auto attached = AttachFiles("Explain @src/main.cc and @\"src/my notes\", please", env_);
  ASSERT_TRUE(attached.ok());
  EXPECT_EQ(attached->text,
            "Explain src/main.cc and src/my notes, please\n\nsrc/main.cc:\n```\nint main() {}\n```"
            "\n\nsrc/my notes:\n````\none ``` two\n````");
  EXPECT_THAT(attached->files, ElementsAre("src/main.cc (14 bytes)", "src/my notes (11 bytes)"));
}

TEST_F(Attachments, ASignBehindANameIsNoneOfIt) {
  EXPECT_THAT(AttachFiles("(see @src/main.cc).", env_)->text, HasSubstr("(see src/main.cc)."));
  EXPECT_THAT(Error("@absent.txt, x"), HasSubstr("@absent.txt,"));
}

TEST_F(Attachments, OtherAtSignsAreText) {
  for (const char* text : {"me@example.org", "a @ b", "@", "x @", "你@好"}) {
    EXPECT_EQ(AttachFiles(text, env_)->text, text);
  }
  EXPECT_EQ(AttachFiles("@@alice and @@bob", env_)->text, "@alice and @bob");
}

TEST_F(Attachments, RefusesWhatIsNoText) {
  EXPECT_THAT(Error("@absent"), HasSubstr("@absent"));
  EXPECT_THAT(Error("@src"), HasSubstr("is a folder"));
  EXPECT_THAT(Error("@binary"), HasSubstr("is no text"));
  EXPECT_THAT(Error("@latin1"), HasSubstr("not UTF-8"));
  EXPECT_THAT(Error("@\"open"), HasSubstr("does not end"));
  EXPECT_THAT(AttachFiles("@/dev/zero").status().message(), HasSubstr("is no file"));
}

TEST_F(Attachments, AreBounded) {
  ASSERT_TRUE(WriteFile("large", std::string(kAttachmentBytesMax + 1, 'x'), env_).ok());
  EXPECT_THAT(Error("@large"), HasSubstr("at most"));
  ASSERT_TRUE(WriteFile("most", std::string(kAttachmentBytesMax, 'x'), env_).ok());
  EXPECT_TRUE(AttachFiles("@most @most @most @most", env_).ok());
  EXPECT_THAT(Error("@most @most @most @most @most"), HasSubstr("together"));
  ASSERT_TRUE(WriteFile("none", "", env_).ok());
  std::string many;
  for (int i = 0; i < 65; ++i) many += "@none ";
  EXPECT_THAT(Error(many), HasSubstr("64 files"));
}

TEST_F(Attachments, Completion) {
  EXPECT_THAT(PathsWith("@s", env_), ElementsAre("@src/"));
  EXPECT_THAT(PathsWith("@src/m", env_), ElementsAre("@src/main.cc"));
  EXPECT_THAT(PathsWith("src", env_), ElementsAre());
  EXPECT_THAT(PathsWith("@absent/x", env_), ElementsAre());
}

TEST_F(Attachments, Home) {
  env_.SetVariable("HOME", "/home/a");
  EXPECT_EQ(ExpandHome("~/x", env_), "/home/a/x");
  EXPECT_EQ(ExpandHome("~x", env_), "~x");
  EXPECT_EQ(ExpandHome("a/~/x", env_), "a/~/x");
}

}  // namespace
}  // namespace pano::chat
