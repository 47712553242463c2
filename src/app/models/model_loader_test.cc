#include "app/models/model_loader.h"

#include <gtest/gtest.h>

#include "app/models/generator.h"
#include "base/env.h"
#include "base/strings.h"
#include "base/threads.h"

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

// The budget planned with the options as they were given, without the context that the engine fills in: no
// block was of use, and `pano serve` refused every model.
TEST(ModelLoader, ABudgetIsEnoughForTheStarter) {
  const std::string folder = StrCat(PANO_SOURCE_DIR, "/models/starter");
  if (!FileExists(folder + "/config.json")) GTEST_SKIP() << "no " << folder;
  ComputePool pool(1);
  MemoryBudget budget(1);
  LoadSettings settings;
  settings.engine.kv_bytes_max = 0;
  settings.memory = &budget;
  auto loaded = LoadModelVersions({"m", folder}, settings, pool, {});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  EXPECT_EQ(loaded->front()->context_length, 512);
  EXPECT_GT(loaded->front()->EngineStats().kv_blocks.total, 0);
}

}  // namespace
}  // namespace pano::models
