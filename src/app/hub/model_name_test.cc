#include "app/hub/model_name.h"

#include <gtest/gtest.h>

namespace pano::hub {
namespace {

TEST(ModelName, HasRepositoryRevisionAndSelector) {
  struct Case {
    std::string text, repo, revision, selector;
  };
  for (const Case& c : std::vector<Case>{
           {"hf:Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B", "main", ""},
           {"hf:gpt2", "gpt2", "main", ""},
           {"hf:org/name-GGUF:Q4_K_M", "org/name-GGUF", "main", "Q4_K_M"},
           {"hf:org/name@v1.0:sub/a@b:c.gguf", "org/name", "v1.0", "sub/a@b:c.gguf"},
           {"hf:org/name@refs/pr/1", "org/name", "refs/pr/1", ""},
           {"hf:org/name:x@y.gguf", "org/name", "main", "x@y.gguf"},
           {"hf://org/name", "org/name", "main", ""},
       }) {
    Result<ModelName> name = ParseModelName(c.text);
    ASSERT_TRUE(name.ok()) << c.text << ": " << name.error().message();
    EXPECT_EQ(name->repo, c.repo);
    EXPECT_EQ(name->revision, c.revision);
    EXPECT_EQ(name->selector, c.selector);
    Result<ModelName> again = ParseModelName(name->Text());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->Text(), name->Text());
  }
}

TEST(ModelName, IsRefusedWhereItCouldLeaveTheCache) {
  for (const char* text :
       {"hf:", "hf:/", "hf:a/b/c", "hf:../x", "hf:a/..", "hf:a--b/c", "hf:a/.b", "hf:a/b.", "hf:a/b-",
        "hf:a/b.git", "hf:a b/c", "hf:a/b@", "hf:a/b@../main", "hf:a/b@x/../y", "hf:a/b@/x", "hf:a/b@x/",
        "hf:a/b@x//y", "hf:a/b@.x", "hf:a/b@a b", "hf:a/b@x\\y", "hf:a/b@x.lock", "hf:a/b@@{1}", "hf:a/b:",
        "hf:a/b:../x.gguf", "hf:a/b:/etc/passwd", "hf:a/b:x/./y", "hf:a/b:x\ny", "hf:a/b:.git/config",
        "a/b"}) {
    Result<ModelName> name = ParseModelName(text);
    ASSERT_FALSE(name.ok()) << text;
    EXPECT_EQ(name.error().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_NE(name.error().message().find("ORG/NAME"), std::string::npos);
  }
  EXPECT_FALSE(ParseModelName("hf:" + std::string(97, 'a')).ok());
  EXPECT_FALSE(ParseModelName("hf:a/b@" + std::string(256, 'a')).ok());
  EXPECT_FALSE(ParseModelName("hf:a/b:" + std::string(513, 'a')).ok());
}

TEST(ModelName, OfAnotherRegistryIsRefusedByName) {
  for (const char* text : {"oci:registry/x:latest", "ollama:llama3:8b"}) {
    EXPECT_TRUE(IsRegistryName(text));
    Result<ModelName> name = ParseModelName(text);
    ASSERT_FALSE(name.ok());
    EXPECT_EQ(name.error().code(), StatusCode::kUnimplemented);
  }
  EXPECT_FALSE(IsRegistryName("models/hf:x"));
  EXPECT_FALSE(IsRegistryName("./hf"));
}

TEST(Commit, IsFortyHexadecimalDigits) {
  EXPECT_TRUE(IsCommit("0123456789abcdef0123456789abcdef01234567"));
  EXPECT_FALSE(IsCommit("0123456789abcdef0123456789abcdef0123456"));
  EXPECT_FALSE(IsCommit("0123456789ABCDEF0123456789abcdef01234567"));
}

}  // namespace
}  // namespace pano::hub
