#include "app/models/paced/paced_model.h"

#include <gtest/gtest.h>

#include "app/models/generator.h"
#include "app/models/model_loader.h"
#include "base/threads.h"
#include "model/engine/engine.h"

namespace pano::models {
namespace {

TEST(PacedModel, IsNamedByItsPace) {
  EXPECT_TRUE(IsPacedPath("fake:20"));
  EXPECT_FALSE(IsPacedPath("./fake:20"));
  EXPECT_EQ(*ParsePacedPath("fake:20"), std::chrono::milliseconds(20));
  EXPECT_EQ(*ParsePacedPath("fake:0.5"), std::chrono::microseconds(500));
  EXPECT_EQ(*ParsePacedPath("fake:0"), Duration::zero());
  for (const char* bad : {"fake:", "fake:x", "fake:-1", "fake:60001", "fake:nan", "fake:inf", "fake:1 "}) {
    EXPECT_FALSE(ParsePacedPath(bad).ok()) << bad;
  }
}

TEST(PacedModel, HasAnIdOfItsOwn) {
  EXPECT_EQ(ParseModelSource("fake:20")->id, "fake");
  EXPECT_EQ(ParseModelSource("m=fake:20")->id, "m");
  EXPECT_EQ(ParseModelSource("m=fake:20")->path, "fake:20");
}

TEST(PacedModel, LoadsAsAnyOther) {
  ComputePool pool(1);
  auto versions = LoadModelVersions({"m", "fake:0"}, {}, pool, {});
  ASSERT_TRUE(versions.ok());
  ASSERT_EQ(versions->size(), 1u);
  const Generator* generator = (*versions)[0]->AsGenerator();
  ASSERT_TRUE(generator);
  EXPECT_EQ(generator->FullName(), "m@1");
  EXPECT_TRUE(generator->CheckFiles().ok());
  EXPECT_FALSE(generator->Summary().empty());
  engine::Request request;
  request.max_tokens = 3;
  auto stream = generator->engine->Submit(request);
  ASSERT_TRUE(stream.ok());
  std::string text;
  while (auto event = (*stream)->Pop()) text += event->text;
  EXPECT_EQ(text, " 0 1 2");
  EXPECT_FALSE(LoadModelVersions({"m", "fake:x"}, {}, pool, {}).ok());
}

}  // namespace
}  // namespace pano::models
