// Adapters over the starter model, drawn and written as PEFT does.
#include "app/models/adapter_version.h"

#include <gtest/gtest.h>

#include "app/models/adapter_set.h"
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

TEST_F(AdapterVersionTest, ASetFollowsWhatIsWanted) {
  AdapterSet set(host_, nullptr);
  set.Want(base_, {{"one", PathOf("one")}, {"broken", PathOf("nothing")}, {"base", PathOf("two")}});
  set.WaitUntilDone();
  ASSERT_TRUE(host_.Find("one").ok());
  EXPECT_FALSE(host_.Find("broken").ok());
  EXPECT_EQ(*host_.Find("base"), base_);  // its name is taken
  const auto before = Greedy(**host_.Find("one"));
  // Another folder under the same id, and one more; a folder that cannot be read changes nothing.
  set.Want(base_, {{"one", PathOf("two")}, {"two", PathOf("two")}});
  set.WaitUntilDone();
  EXPECT_NE(Greedy(**host_.Find("one")), before);
  EXPECT_TRUE(host_.Find("two").ok());
  set.Want(base_, {{"one", PathOf("nothing")}, {"two", PathOf("two")}});
  set.WaitUntilDone();
  EXPECT_TRUE(host_.Find("one").ok());
  set.Want(base_, {{"two", PathOf("two")}});
  set.WaitUntilDone();
  EXPECT_FALSE(host_.Find("one").ok());
  EXPECT_TRUE(host_.Find("two").ok());
  set.Retire(base_);
  set.WaitUntilDone();
  EXPECT_FALSE(host_.Find("two").ok());
  EXPECT_TRUE(host_.Find("base").ok());
}

// Who writes model.yaml before the adapter is there need not touch it again.
TEST_F(AdapterVersionTest, ASetTriesAgainWhenTheFilesHaveChanged) {
  AdapterSet set(host_, nullptr, std::chrono::milliseconds(10));
  set.Want(base_, {{"late", PathOf("late")}});
  set.WaitUntilDone();
  EXPECT_FALSE(host_.Find("late").ok());
  ASSERT_TRUE(adapter::testing::WriteDrawnAdapter(PathOf("late"), starter_, 4, 1, {"q_proj"}).ok());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!host_.Find("late").ok() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(host_.Find("late").ok());
}

// Two models cannot have an adapter of one name; who had it first keeps it.
TEST_F(AdapterVersionTest, ANameIsOneModels) {
  LoadSettings settings;
  settings.engine.kv_bytes_max = 8 << 20;
  auto loaded = LoadModelVersions({"other", starter_}, settings, pool_, {});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  const ModelVersionPtr other = loaded->front();
  AdapterSet set(host_, nullptr);
  set.Want(other, {{"one", PathOf("one")}});
  set.WaitUntilDone();
  set.Want(base_, {{"one", PathOf("two")}});
  set.WaitUntilDone();
  EXPECT_EQ((*host_.Find("one"))->parent, "other");
  set.Want(other, {});
  set.WaitUntilDone();
  EXPECT_EQ((*host_.Find("one"))->parent, "base");
}

// A model of a folder takes an adapter's name; what ends the adapter does not end the model, and the adapter is back when
// the model goes.
TEST_F(AdapterVersionTest, AModelThatTookTheNameKeepsIt) {
  AdapterSet set(host_, nullptr, std::chrono::milliseconds(10));
  set.Want(base_, {{"one", PathOf("one")}});
  set.WaitUntilDone();
  ASSERT_EQ((*host_.Find("one"))->parent, "base");
  LoadSettings settings;
  settings.engine.kv_bytes_max = 8 << 20;
  auto loaded = LoadModelVersions({"one", starter_}, settings, pool_, {});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message();
  const ModelVersionPtr model = loaded->front();
  (void)host_.Put(model);
  set.Want(base_, {{"one", PathOf("two")}});
  set.WaitUntilDone();
  EXPECT_EQ(*host_.Find("one"), model);
  set.Want(base_, {});
  set.WaitUntilDone();
  EXPECT_EQ(*host_.Find("one"), model);
  set.Want(base_, {{"one", PathOf("one")}});
  set.WaitUntilDone();
  EXPECT_EQ(*host_.Find("one"), model);
  (void)host_.Remove({"one", model->version});
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!host_.Find("one").ok() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ASSERT_TRUE(host_.Find("one").ok());
  EXPECT_EQ((*host_.Find("one"))->parent, "base");
}

// An adapter called like its base, asked for before the base answers.
TEST_F(AdapterVersionTest, DoesNotTakeItsBasesName) {
  (void)host_.Remove({"base", "1"});
  AdapterSet set(host_, nullptr);
  set.Want(base_, {{"base", PathOf("one")}});
  set.WaitUntilDone();
  EXPECT_FALSE(host_.Find("base").ok());
}

}  // namespace
}  // namespace pano::models
