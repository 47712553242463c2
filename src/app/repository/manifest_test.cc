#include "app/repository/manifest.h"

#include <gtest/gtest.h>

namespace pano::repository {
namespace {

TEST(Manifest, NamesFilesAndSizes) {
  const Result<Manifest> manifest = ParseManifest(R"({"files": {"a": 1, "b.gguf": 0}, "made_by": "me"})");
  ASSERT_TRUE(manifest.ok()) << manifest.error().message();
  EXPECT_EQ(*manifest, (Manifest{{"a", 1}, {"b.gguf", 0}}));
}

TEST(Manifest, AnythingElseIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"[]", "'files' is no object"},
      {"{}", "'files' is no object"},
      {R"({"files": {}})", "names 0 files"},
      {R"({"files": {"a/b": 1}})", "'a/b' is no file's name"},
      {R"({"files": {"..": 1}})", "'..' is no file's name"},
      {R"({"files": {"a": -1}})", "the size of 'a'"},
      {R"({"files": {"a": 1.5}})", "the size of 'a'"},
      {R"({"files": {"a": "1"}})", "the size of 'a'"},
      {R"({"files": {"a": 1, "a": 2}})", "'a' stands twice"},
      {R"({"files": {"a": 1)", ""},
  };
  for (const auto& [text, why] : cases) {
    const Result<Manifest> manifest = ParseManifest(text);
    ASSERT_FALSE(manifest.ok()) << text;
    EXPECT_NE(manifest.error().message().find(why), std::string::npos) << manifest.error().message();
  }
}

}  // namespace
}  // namespace pano::repository
