// Adapters that model.yaml names: versions with a life like a model's, over the versions that they change.
#include <gtest/gtest.h>

#include <algorithm>

#include "app/models/adapter_version.h"
#include "app/repository/adapter_scan.h"
#include "app/repository/testing/repository_test_base.h"

namespace pano::repository {
namespace {

using models::LoadState;
using models::ModelVersionPtr;
using std::chrono::milliseconds;
using std::chrono::seconds;

class RepositoryAdapters : public testing::RepositoryTest {
 protected:
  // A model "a" with the adapter "x" of /m/a/x.
  void PutBoth(const std::string& weights = "weights", const std::string& adapter = "ab") {
    Put("/m/a", weights);
    PutAdapter("/m/a/x", adapter);
    PutFile(env_, "/m/a/model.yaml", "adapters: {x: x}");
  }
  uint64_t Bytes(const std::string& id) {
    const auto found = host_.Find(id);
    return found.ok() ? (*found)->weight_bytes : 0;
  }
  size_t Loads(const std::string& name) {
    const std::vector<std::string> begun = loader_.begun();
    return static_cast<size_t>(std::count(begun.begin(), begun.end(), name));
  }
  bool IsUnloaded(const std::string& name) {
    const std::vector<std::string> gone = unloaded();
    return std::count(gone.begin(), gone.end(), name) > 0;
  }
};

TEST_F(RepositoryAdapters, ComeWithTheirModelAndGoWithIt) {
  PutBoth();
  Start();
  ASSERT_TRUE(Until([&] { return Ready("a") && Ready("x"); }));
  EXPECT_EQ(models::BaseOf(**host_.Find("x")), *host_.Find("a"));
  EXPECT_EQ(Of("x").parent, "a");
  EXPECT_EQ((*host_.Find(""))->id, "a");
  PutAdapter("/m/a/y");
  PutFile(env_, "/m/a/model.yaml", "adapters: {x: x, y: /m/a/y}");
  ASSERT_TRUE(Until([&] { return Ready("y"); }));
  PutFile(env_, "/m/a/model.yaml", "adapters: {y: y}");
  ASSERT_TRUE(Until([&] { return Of("x").reason == "not listed"; }));
  EXPECT_EQ(host_.Find("x").error().reason(), "model_not_found");
  ASSERT_TRUE(env_.RemoveTree("/m/a").ok());
  ASSERT_TRUE(Until([&] { return repository_->List().empty(); }));
  EXPECT_EQ(host_.Find("y").error().reason(), "model_not_found");
  EXPECT_TRUE(IsUnloaded("a@1"));
}

// Another file of the same size and times under the same name.
TEST_F(RepositoryAdapters, ChangedFilesAreBoundBesideTheOld) {
  PutBoth();
  Start();
  ASSERT_TRUE(Until([&] { return Ready("x"); }));
  ModelVersionPtr call = *host_.Find("x");  // a request that is under way
  const std::weak_ptr<const models::ModelVersion> old = call;
  {
    std::lock_guard lock(mu_);
    inodes_["/m/a/x/adapter_model.safetensors"] = 7;
  }
  ASSERT_TRUE(Until([&] { return *host_.Find("x") != call; }));
  EXPECT_EQ(Loads("x@1"), 2u);
  EXPECT_EQ(Loads("a@1"), 1u);
  (void)Until([] { return false; }, seconds(100));
  EXPECT_TRUE(host_.Find("a").ok());
  EXPECT_FALSE(old.expired());  // nothing cuts its request short
  call.reset();
  EXPECT_TRUE(Until([&] { return old.expired(); }));
}

TEST_F(RepositoryAdapters, FilesThatDoNotLoadChangeNothing) {
  PutBoth();
  Start();
  ASSERT_TRUE(Until([&] { return Ready("x"); }));
  PutAdapter("/m/a/x", "bad");
  ASSERT_TRUE(Until([&] { return Of("x").reason == "the header is cut short"; }));
  EXPECT_EQ(Bytes("x"), 2u);
  ASSERT_TRUE(env_.RemoveTree("/m/a/x").ok());
  ASSERT_TRUE(Until([&] { return Of("x").reason == "/m/a/x/adapter_config.json: is not there"; }));
  EXPECT_TRUE(Ready("x"));
  PutAdapter("/m/a/x", "mended");
  EXPECT_TRUE(Until([&] { return Bytes("x") == 6; }));
}

// A failure waits for its time, or for other files, or for another copy of its model.
TEST_F(RepositoryAdapters, AFailedOneIsTriedAgainWhenAnythingChanges) {
  PutBoth("weights", "bad");
  Start({.retry_first = std::chrono::hours(1), .retry_most = std::chrono::hours(1)});
  ASSERT_TRUE(Until([&] { return Is("x", LoadState::kFailed); }));
  const Answer answer = Await("x");
  ASSERT_TRUE(Until([&] { return Answered(answer); }));
  EXPECT_EQ((*answer)->status.reason(), "model_failed");
  (void)Until([] { return false; }, seconds(30));
  EXPECT_EQ(Loads("x@1"), 1u);
  {
    std::lock_guard lock(mu_);
    inodes_["/m/a/x/adapter_config.json"] = 3;
  }
  ASSERT_TRUE(Until([&] { return Loads("x@1") == 2; }));
  Put("/m/a", "other");
  ASSERT_TRUE(Until([&] { return Loads("x@1") == 3; }));
  PutAdapter("/m/a/x", "mended");
  EXPECT_TRUE(Until([&] { return Ready("x"); }));
}

TEST_F(RepositoryAdapters, AHalfWrittenOneIsNeverRead) {
  PutBoth();
  ASSERT_TRUE(env_.RemoveTree("/m/a/x").ok());
  Start({.quiet = seconds(2)});
  std::string weights;
  for (int i = 0; i < 10; ++i) {
    PutAdapter("/m/a/x", weights += "piece");
    (void)Until([] { return false; }, milliseconds(1500));
    EXPECT_EQ(Loads("x@1"), 0u) << i;
  }
  ASSERT_TRUE(Until([&] { return Ready("x"); }));
  EXPECT_EQ(Bytes("x"), weights.size());
}

TEST_F(RepositoryAdapters, AreBoundAnewToAnotherCopyOfTheirModel) {
  PutBoth();
  Start();
  ASSERT_TRUE(Until([&] { return Ready("x"); }));
  Put("/m/a", "other");
  ASSERT_TRUE(Until([&] { return Bytes("a") == 5 && models::BaseOf(**host_.Find("x")) == *host_.Find("a"); }));
  EXPECT_TRUE(Until([&] { return IsUnloaded("a@1"); }));
}

// What was bound keeps its model's old copy alive, which goes all the same.
TEST_F(RepositoryAdapters, AFolderThatIsGoneKeepsNoOldModel) {
  PutBoth();
  Start();
  ASSERT_TRUE(Until([&] { return Ready("x"); }));
  const std::weak_ptr<const models::ModelVersion> old = *host_.Find("a");
  const std::weak_ptr<engine::Engine> engine = (*host_.Find("a"))->AsGenerator()->engine;
  ASSERT_TRUE(env_.RemoveTree("/m/a/x").ok());
  Put("/m/a", "other");
  ASSERT_TRUE(Until([&] { return old.expired() && engine.expired(); }, seconds(90)));
  EXPECT_EQ(Bytes("a"), 5u);
  EXPECT_EQ(host_.Find("x").error().reason(), "model_not_loaded");
  const Answer answer = Await("x");
  ASSERT_TRUE(Until([&] { return Answered(answer); }));
  EXPECT_EQ((*answer)->status.code(), StatusCode::kUnavailable);
  EXPECT_GE((*answer)->retry_after_seconds, 1);
  PutAdapter("/m/a/x");
  EXPECT_TRUE(Until([&] { return Ready("x"); }, seconds(400)));
}

// The same with files that do not fit to the new model: at once.
TEST_F(RepositoryAdapters, FilesThatDoNotFitKeepNoOldModel) {
  PutBoth();
  Start({.drain = std::chrono::hours(1)});
  ASSERT_TRUE(Until([&] { return Ready("x"); }));
  const std::weak_ptr<const models::ModelVersion> old = *host_.Find("a");
  PutAdapter("/m/a/x", "bad");
  Put("/m/a", "other");
  ASSERT_TRUE(Until([&] { return old.expired(); }));
  EXPECT_TRUE(Until([&] { return Is("x", LoadState::kFailed); }));
}

TEST_F(RepositoryAdapters, ARequestLoadsTheModelAndWaits) {
  PutBoth();
  loader_.Hold(true);
  Start({.decision = {.eager = false}});
  (void)Until([] { return false; }, seconds(5));
  EXPECT_TRUE(loader_.begun().empty());
  EXPECT_EQ(host_.Find("x").error().reason(), "model_not_loaded");
  EXPECT_EQ(host_.Resolve("x")->FullName(), "x@1");
  EXPECT_EQ(host_.Resolve("")->FullName(), "a@1");
  EXPECT_TRUE(Of("x").on_request);
  const Answer answer = Await("x");
  ASSERT_TRUE(Until([&] { return Is("a", LoadState::kLoading); }));
  EXPECT_FALSE(Answered(answer));
  loader_.Hold(false);
  ASSERT_TRUE(Until([&] { return Answered(answer); }));
  EXPECT_TRUE((*answer)->status.ok()) << (*answer)->status.message();
  EXPECT_TRUE(host_.Find("x").ok());
}

TEST_F(RepositoryAdapters, WhoseModelCannotBeLoadedIsToldAsItsModelIs) {
  PutBoth("bad");
  Start({.decision = {.eager = false}});
  (void)Until([] { return false; }, seconds(5));
  const Answer of_x = Await("x");
  ASSERT_TRUE(Until([&] { return Answered(of_x); }));
  const Answer of_a = Await("a");
  ASSERT_TRUE(Until([&] { return Answered(of_a); }));
  EXPECT_EQ((*of_x)->status.reason(), "model_failed");
  EXPECT_EQ((*of_x)->status.message(), "the model 'x@1' cannot be loaded: the header is cut short");
  EXPECT_EQ((*of_x)->status.reason(), (*of_a)->status.reason());
  EXPECT_GE((*of_x)->retry_after_seconds, 1);
}

TEST_F(RepositoryAdapters, AnOperatorUnloadsAndLoads) {
  PutBoth();
  Start();
  ASSERT_TRUE(Until([&] { return Ready("x"); }));
  Answer unload, load, model, again, neither;
  repository_->Unload("x", "", Keep(unload));
  ASSERT_TRUE(Until([&] { return Answered(unload); }));
  (void)Until([] { return false; }, seconds(10));
  EXPECT_TRUE(Is("x", LoadState::kUnloaded));
  EXPECT_TRUE(Ready("a"));
  Answer request = Await("x");
  ASSERT_TRUE(Until([&] { return Answered(request); }));
  EXPECT_EQ((*request)->status.reason(), "model_unloaded");
  repository_->Load("x", "", Keep(load));
  ASSERT_TRUE(Until([&] { return Answered(load); }));
  EXPECT_TRUE(host_.Find("x").ok());
  // Without its model it is not there, whoever asks.
  repository_->Unload("a", "", Keep(model));
  ASSERT_TRUE(Until([&] { return Answered(model); }));
  EXPECT_FALSE(host_.Find("x").ok());
  request = Await("x");
  ASSERT_TRUE(Until([&] { return Answered(request); }));
  EXPECT_EQ((*request)->status.reason(), "model_unloaded");
  repository_->Load("x", "", Keep(neither));
  ASSERT_TRUE(Until([&] { return Answered(neither); }));
  EXPECT_EQ((*neither)->status.reason(), "model_unloaded");
  repository_->Load("a", "", Keep(again));
  ASSERT_TRUE(Until([&] { return Answered(again) && Ready("x"); }));
}

// A wish for the adapter is not one for ever: what idles is unloaded and stays so.
TEST_F(RepositoryAdapters, AnOperatorsWishEndsWithTheModel) {
  PutBoth();
  Start({.decision = {.eager = false, .idle_unload = seconds(20)}});
  (void)Until([] { return false; }, seconds(5));
  Answer load;
  repository_->Load("x", "", Keep(load));
  ASSERT_TRUE(Until([&] { return Answered(load); }));
  EXPECT_TRUE((*load)->status.ok()) << (*load)->status.message();
  EXPECT_TRUE(host_.Find("x").ok() && host_.Find("a").ok());
  ASSERT_TRUE(Until([&] { return Is("a", LoadState::kUnloaded) && Is("x", LoadState::kUnloaded); }));
  (void)Until([] { return false; }, seconds(60));
  EXPECT_EQ(Loads("a@1"), 1u);
  EXPECT_EQ(Loads("x@1"), 1u);
}

TEST_F(RepositoryAdapters, TakeTheirPartOfTheBudget) {
  PutBoth("0123456789", "0123456789");
  Put("/m/b", "0123456789");
  PutAdapter("/m/a/y", "0123456789");
  PutFile(env_, "/m/a/model.yaml", "adapters: {x: x, y: y}");
  Start({.decision = {.eager = false, .memory_bytes = 25}});
  (void)Until([] { return false; }, seconds(5));
  const auto ask = [&](const std::string& id) {
    (void)Until([] { return false; }, seconds(1));
    const Answer answer = Await(id);
    EXPECT_TRUE(Until([&] { return Answered(answer); }));
    return (*answer)->status;
  };
  uint64_t most = 0;
  const auto used = [&] {
    uint64_t sum = 0;
    for (const ModelVersionPtr& version : host_.List()) sum += version->weight_bytes;
    most = std::max(most, sum);
    return sum;
  };
  for (int round = 0; round < 3; ++round) {
    for (const char* id : {"x", "y", "b", "y"}) {
      EXPECT_TRUE(ask(id).ok()) << id;
      EXPECT_TRUE(host_.Find(id).ok()) << id;
      (void)used();
    }
  }
  EXPECT_EQ(most, 20u);  // a model and an adapter, or two models
  // One that does not fit beside its model is refused without anybody being unloaded for it.
  PutAdapter("/m/a/large", "0123456789abcdef");
  PutFile(env_, "/m/a/model.yaml", "adapters: {large: large}");
  ASSERT_TRUE(Until([&] { return Of("large").target.id == "large"; }));
  (void)Until([] { return false; }, seconds(10));
  const Status refused = ask("large");
  EXPECT_EQ(refused.code(), StatusCode::kExhausted) << refused.message();
  EXPECT_NE(refused.message().find("--memory-budget"), std::string::npos) << refused.message();
}

TEST_F(RepositoryAdapters, HaveTheVersionsAndLabelsOfTheirModel) {
  for (const char* version : {"1", "2", "3"}) Put(StrCat("/m/a/", version));
  PutAdapter("/m/a/lora/x");
  PutFile(env_, "/m/a/model.yaml", "labels: {stable: 1, canary: {version: 2, weight: 50}}\nadapters: {x: lora/x}");
  Start();
  ASSERT_TRUE(Until([&] { return Ready("x", "1") && Ready("x", "2"); }));
  EXPECT_EQ(host_.Find("x").value()->version, "1");
  EXPECT_EQ(host_.Find("x@canary").value()->version, "2");
  EXPECT_EQ(models::BaseOf(**host_.Find("x@canary")), *host_.Find("a@canary"));
  EXPECT_EQ(Of("x", "2").labels, std::vector<std::string>{"canary"});
  EXPECT_EQ(host_.Find("x@next").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(host_.Find("x@3").error().reason(), "model_not_loaded");
  // Who has the canary of the model has its adapter over the canary.
  int canaries = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string who = StrCat("u", i);
    const std::string version = host_.Find("x", models::ModelHost::Visible(), who).value()->version;
    EXPECT_EQ(version, host_.Find("a", models::ModelHost::Visible(), who).value()->version);
    canaries += version == "2";
  }
  EXPECT_NEAR(canaries, 100, 40);
  const Answer answer = Await("x", "3");
  ASSERT_TRUE(Until([&] { return Answered(answer) && host_.Find("x@3").ok(); }));
}

TEST_F(RepositoryAdapters, ANameIsOneModels) {
  PutBoth();
  Put("/m/b");
  PutAdapter("/m/b/x", "abc");
  PutFile(env_, "/m/b/model.yaml", "adapters: {x: x, b: x, a: x}");
  Start();
  ASSERT_TRUE(Until([&] { return Ready("x") && Ready("b"); }));
  (void)Until([] { return false; }, seconds(10));
  EXPECT_EQ(Bytes("x"), 2u);  // who had it first
  EXPECT_EQ(Of("b").parent, "");
  PutFile(env_, "/m/a/model.yaml", "");
  ASSERT_TRUE(Until([&] { return Bytes("x") == 3; }));
  EXPECT_EQ((*host_.Find("x"))->parent, "b");
  PutFile(env_, "/m/a/model.yaml", "adapters: {x: x}");
  (void)Until([] { return false; }, seconds(10));
  EXPECT_EQ((*host_.Find("x"))->parent, "b");
  // A model of that name takes it, and gives it back.
  Put("/m/x", "a model");
  ASSERT_TRUE(Until([&] { return Bytes("x") == 7 && (*host_.Find("x"))->parent.empty(); }));
  ASSERT_TRUE(env_.RemoveTree("/m/x").ok());
  ASSERT_TRUE(Until([&] { return host_.Find("x").ok() && !(*host_.Find("x"))->parent.empty(); }));
}

TEST_F(RepositoryAdapters, AreBounded) {
  PutBoth();
  PutFile(env_, "/m/a/model.yaml", "adapters: {x: x, y: x, z: x}");
  Options options;
  options.limits.adapters_max = 2;
  Start(std::move(options));
  ASSERT_TRUE(Until([&] { return Ready("x") && Ready("y"); }));
  EXPECT_EQ(Of("z").reason, "not listed");
}

// Of the command line: over a model that is always there, without a folder of models.
TEST_F(RepositoryAdapters, APinnedOneIsFollowedAndStays) {
  Put("/base");
  PutAdapter("/x");
  const ModelVersionPtr base = *loader_.Load({.target = {"base", "1"}, .path = "/base"});
  const ModelVersionPtr first = *loader_.Load({.target = {"x", "1"}, .path = "/x", .base = base});
  ASSERT_TRUE(host_.Add(base).ok() && host_.Add(first).ok());
  const auto stamps = [](const std::string&) { return FileStamp(); };
  Options options;
  options.adapters = {{{"x", "/x"}, base, first, ScanAdapter("/x", env_, stamps).content}};
  options.decision.idle_unload = seconds(5);
  options.decision.memory_bytes = 1;
  Start(std::move(options));
  (void)Until([] { return false; }, seconds(30));
  EXPECT_EQ(*host_.Find("x"), first);
  EXPECT_TRUE(repository_->List().empty());
  PutAdapter("/x", "other");
  ASSERT_TRUE(Until([&] { return Bytes("x") == 5; }));
  EXPECT_EQ(models::BaseOf(**host_.Find("x")), base);
  ASSERT_TRUE(env_.RemoveTree("/x").ok());
  (void)Until([] { return false; }, seconds(30));
  EXPECT_EQ(Bytes("x"), 5u);
  EXPECT_EQ(Loads("x@1"), 2u);
}

}  // namespace
}  // namespace pano::repository
