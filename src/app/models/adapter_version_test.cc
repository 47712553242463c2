// Adapters over the starter model, drawn and written as PEFT does.
#include "app/models/adapter_version.h"

#include <gtest/gtest.h>

#include "app/models/generator.h"
#include "app/models/model_loader.h"
#include "base/env.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/testing/machine_tree.h"
#include "base/threads.h"
#include "model/adapter/bind/testing/drawn_adapter.h"
#include "model/engine/engine.h"
#include "model/nn/bound_adapter.h"

namespace pano::models {
namespace {

class AdapterVersionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kError);
    starter_ = StrCat(PANO_SOURCE_DIR, "/models/starter");
    if (!FileExists(starter_ + "/config.json")) GTEST_SKIP() << "no " << starter_;
    folder_ = JoinPath(::testing::TempDir(), StrCat("adapter-version-", RandomHex(6)));
    ASSERT_TRUE(Env::Real().MakeFolder(folder_).ok());
    for (const char* name : {"one", "two"}) {
      const Status written = adapter::testing::WriteDrawnAdapter(
          PathOf(name), starter_, 4, name[0] == 'o' ? 1 : 2, {"q_proj", "down_proj"});
      ASSERT_TRUE(written.ok()) << written.ToString();
    }
    LoadSettings settings;
    settings.engine.kv_bytes_max = 8 << 20;
    auto loaded = LoadModelVersions({"base", starter_}, settings, pool_, {});
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    base_ = loaded->front();
    ASSERT_TRUE(host_.Add(base_).ok());
  }
  void TearDown() override { (void)Env::Real().RemoveTree(folder_); }
  std::string PathOf(const std::string& name) const { return JoinPath(folder_, name); }

  static std::vector<engine::TokenId> Greedy(const ModelVersion& version) {
    const Generator& generator = *version.AsGenerator();
    engine::Request request;
    request.prompt = {5, 9, 200, 31};
    request.max_tokens = 16;
    request.ignore_eos = true;
    request.sampling.temperature = 0;
    request.adapter = generator.adapter;
    auto stream = generator.engine->Submit(std::move(request));
    std::vector<engine::TokenId> ids;
    while (auto event = (*stream)->Pop()) {
      if (event->kind == engine::Event::Kind::kToken) ids.push_back(event->token_id);
    }
    return ids;
  }

  std::string starter_, folder_;
  ComputePool pool_{1};
  ModelHost host_;
  ModelVersionPtr base_;
};

TEST_F(AdapterVersionTest, IsAModelOfItsOwnInTheBasesEngine) {
  auto one = LoadAdapterVersion({"one", PathOf("one")}, base_, nullptr);
  auto two = LoadAdapterVersion({"two", PathOf("two")}, base_, nullptr);
  ASSERT_TRUE(one.ok() && two.ok()) << one.error().ToString() << two.error().ToString();
  const Generator& generator = *(*one)->AsGenerator();
  EXPECT_EQ((*one)->FullName(), "one@1");
  EXPECT_EQ((*one)->label, "one");
  EXPECT_EQ((*one)->parent, "base");
  EXPECT_EQ((*one)->tokenizer, base_->tokenizer);
  EXPECT_EQ((*one)->context_length, base_->context_length);
  EXPECT_GT((*one)->weight_bytes, 4 * 4 * 4 * 192u);
  EXPECT_EQ(generator.engine, base_->AsGenerator()->engine);
  EXPECT_NE(Greedy(**one), Greedy(*base_));
  EXPECT_NE(Greedy(**one), Greedy(**two));
  EXPECT_EQ(Greedy(**one), Greedy(**one));

  // Who names no model means the base, and no request holds it but those that run.
  ASSERT_TRUE(host_.Add(*one).ok());
  EXPECT_EQ(host_.Resolve("")->id, "base");
  EXPECT_EQ(host_.Resolve("one")->id, "one");
  EXPECT_EQ(host_.Add(*one).code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(host_.AnswerAnyName().ok());
  EXPECT_EQ(host_.Resolve("gpt-4")->id, "base");
  EXPECT_FALSE(generator.base.expired());
}

TEST_F(AdapterVersionTest, OutlivesItsBaseWithoutHarm) {
  ModelVersionPtr one = LoadAdapterVersion({"one", PathOf("one")}, base_, nullptr).value();
  (void)host_.Remove({"base", "1"});
  base_.reset();
  EXPECT_TRUE(one->AsGenerator()->base.expired());
  EXPECT_EQ(BaseIsGone(*one).code(), StatusCode::kUnavailable);
  EXPECT_EQ(Greedy(*one).size(), 16u);
}

TEST_F(AdapterVersionTest, WhatIsWrongNamesTheFile) {
  auto load = [&] { return LoadAdapterVersion({"x", PathOf("x")}, base_, nullptr).error(); };
  EXPECT_NE(load().message().find(PathOf("x")), std::string::npos) << load().ToString();
  ASSERT_TRUE(adapter::testing::WriteDrawnAdapter(PathOf("x"), starter_, 4, 1, {"q_proj"}).ok());
  const std::string weights = JoinPath(PathOf("x"), "adapter_model.safetensors");
  const std::string whole = ReadFile(weights).value();
  ASSERT_TRUE(WriteFile(weights, whole.substr(0, whole.size() / 2)).ok());
  EXPECT_NE(load().message().find(weights), std::string::npos) << load().ToString();
  ASSERT_TRUE(WriteFile(weights, whole).ok());
  ASSERT_TRUE(WriteFile(JoinPath(PathOf("x"), "adapter_config.json"), "{\"r\":").ok());
  EXPECT_NE(load().message().find("adapter_config.json"), std::string::npos) << load().ToString();
}

TEST_F(AdapterVersionTest, IsNotReadBeyondTheMemory) {
  MemoryEnv env;
  PutFile(env, "/proc/meminfo", "MemTotal: 16384 kB\nMemAvailable: 2100 kB\n");
  MemoryBudget budget(1, env);
  ASSERT_TRUE(
      adapter::testing::WriteDrawnAdapter(PathOf("large"), starter_, 512, 1, {"down_proj"}).ok());
  const Status status = LoadAdapterVersion({"large", PathOf("large")}, base_, &budget).error();
  EXPECT_EQ(status.code(), StatusCode::kExhausted) << status.ToString();
  EXPECT_NE(status.message().find("adapter_model.safetensors"), std::string::npos);
}

TEST_F(AdapterVersionTest, ArgumentsAreIdAndPath) {
  EXPECT_EQ(*ParseAdapterSource("org/a=/x=y"), (AdapterSource{"org/a", "/x=y"}));
  for (const char* wrong : {"", "a", "=/x", "a=", "a b=/x", "../a=/x"}) {
    EXPECT_EQ(ParseAdapterSource(wrong).error().code(), StatusCode::kInvalidArgument) << wrong;
  }
}

TEST_F(AdapterVersionTest, TheBaseIsTheOnlyModelOrTheOneThatItWasMadeFor) {
  EXPECT_EQ(BaseOfAdapter({"one", PathOf("one")}, host_).value(), base_);
  auto other = std::make_shared<Generator>();
  other->id = "other";
  ASSERT_TRUE(host_.Add(other).ok());
  EXPECT_EQ(BaseOfAdapter({"one", PathOf("one")}, host_).value(), base_);  // by its path
  (void)host_.Remove({"base", "1"});
  auto third = std::make_shared<Generator>();
  third->id = "third";
  ASSERT_TRUE(host_.Add(third).ok());
  EXPECT_EQ(BaseOfAdapter({"one", PathOf("one")}, host_).error().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(AdapterVersionTest, KnowsItsBase) {
  const ModelVersionPtr one = LoadAdapterVersion({"one", PathOf("one")}, base_, nullptr).value();
  EXPECT_EQ(BaseOf(*one), base_);
  EXPECT_EQ(BaseOf(*base_), nullptr);
}

}  // namespace
}  // namespace pano::models
