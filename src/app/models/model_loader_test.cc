#include "app/models/model_loader.h"

#include <gtest/gtest.h>

#include "app/models/generator.h"
#include "base/env.h"
#include "base/strings.h"

namespace pano::models {
namespace {

TEST(ModelLoader, AMissingModelIsNamed) {
  ComputePool pool(1);
  auto loaded = LoadModelVersions({"m", JoinPath(::testing::TempDir(), "nope")}, {}, pool, {});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code(), StatusCode::kNotFound);
  EXPECT_TRUE(loaded.error().message().starts_with("model 'm': "));
}

TEST(ModelLoader, TheStarterGenerates) {
  const std::string folder = StrCat(PANO_SOURCE_DIR, "/models/starter");
  if (!FileExists(folder + "/config.json")) GTEST_SKIP() << "no " << folder;
  ComputePool pool(1);
  auto loaded = LoadModelVersions({"m", folder}, {}, pool, {});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  ASSERT_EQ(loaded->size(), 1u);
  const ModelVersion& version = *loaded->front();
  EXPECT_EQ(version.label, "m");
  EXPECT_EQ(version.FullName(), "m@1");
  EXPECT_TRUE(version.AsGenerator());
  EXPECT_FALSE(version.AsPredictor());
  EXPECT_EQ(version.input_form(), InputForm::kPrompt);
  EXPECT_EQ(version.Card().task, "generation");
  EXPECT_TRUE(version.Summary().starts_with(", context 512, vocabulary 2048, "));
  EXPECT_GT(version.text_bytes_max, 512u);
  EXPECT_TRUE(version.service().Drain(std::chrono::seconds(10)));
}

}  // namespace
}  // namespace pano::models
