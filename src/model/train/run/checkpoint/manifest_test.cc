#include "model/train/run/checkpoint/manifest.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::train {
namespace {

Manifest Example() {
  return {.step = 40,
          .best_step = 20,
          .files = {{"config.json", 12, std::string(64, 'a')},
                    {"model-00001-of-00002.safetensors", uint64_t{1} << 40, std::string(64, '0')}}};
}

TEST(Manifest, ReadsWhatItWrites) {
  EXPECT_EQ(*ParseManifest(DumpManifest(Example())), Example());
  EXPECT_EQ(*ParseManifest(DumpManifest(Manifest{})), Manifest{});
}

TEST(Manifest, SaysWhatIsWrong) {
  const std::string good = DumpManifest(Example());
  struct Case {
    std::string from, to, word;
  };
  const std::vector<Case> cases = {
      {"pano-checkpoint-1", "pano-checkpoint-2", "format"},
      {"\"step\": 40", "\"step\": -1", "step"},
      {"\"step\": 40", "\"step\": 4.5", "step"},
      {"\"step\": 40", "\"stop\": 40", "step"},
      {"\"best_step\": 20", "\"best_step\": -2", "best_step"},
      {"config.json", "../config.json", "files[0]"},
      {"config.json", "manifest.json", "files[0]"},
      {"config.json", "model-00001-of-00002.safetensors", "stands twice"},
      {"aaaa", "AAAA", "sha256"},
      {"aaaa", "aaa", "sha256"},
      {"\"bytes\": 12", "\"bytes\": -12", "bytes"},
      {"\"files\"", "\"fines\"", "files"},
  };
  for (const Case& c : cases) {
    std::string text = good;
    const size_t at = text.find(c.from);
    ASSERT_NE(at, std::string::npos) << c.from;
    text.replace(at, c.from.size(), c.to);
    const auto manifest = ParseManifest(text);
    ASSERT_FALSE(manifest.ok()) << c.to;
    EXPECT_EQ(manifest.error().code(), StatusCode::kCorruption);
    EXPECT_NE(manifest.error().message().find(c.word), std::string::npos)
        << manifest.error().message();
  }
  for (const char* text : {"", "[]", "3", "null", "{"}) EXPECT_FALSE(ParseManifest(text).ok());
}

TEST(Manifest, HasABoundedNumberOfFiles) {
  Manifest many;
  for (size_t i = 0; i <= kManifestFilesMax; ++i) {
    many.files.push_back({StrCat("f", i), 0, std::string(64, '0')});
  }
  EXPECT_FALSE(ParseManifest(DumpManifest(many)).ok());
  many.files.pop_back();
  EXPECT_TRUE(ParseManifest(DumpManifest(many)).ok());
}

}  // namespace
}  // namespace pano::train
