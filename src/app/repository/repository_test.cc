#include "app/repository/repository.h"

#include <gtest/gtest.h>

#include <thread>

#include "app/repository/testing/repository_test_base.h"
#include "base/strings.h"

namespace pano::repository {
namespace {

using models::LoadState;
using models::ModelVersionPtr;
using std::chrono::milliseconds;
using std::chrono::seconds;
using RepositoryTest = testing::RepositoryTest;

TEST_F(RepositoryTest, LoadsWhatIsThereAndWhatComes) {
  Put("/m/a");
  Start();
  EXPECT_EQ(Of("a").state, LoadState::kUnloaded);
  EXPECT_EQ(host_.Find("a").error().reason(), "model_not_loaded");
  ASSERT_TRUE(Until([&] { return Ready("a"); }));
  EXPECT_EQ(host_.Find("a").value()->label, "a");
  Put("/m/org/b/3");
  ASSERT_TRUE(Until([&] { return Ready("org/b", "3"); }));
  EXPECT_EQ(host_.Find("org/b").value()->label, "org/b@3");
}

// A folder is copied slowly: file by file, and the weights in pieces.
TEST_F(RepositoryTest, AHalfWrittenFolderIsNeverRead) {
  Start({.quiet = seconds(2)});
  std::string weights;
  for (int i = 0; i < 30; ++i) {
    if (i == 0) PutFile(env_, "/m/a/config.json", "{}");
    weights += "piece";
    PutFile(env_, "/m/a/model.safetensors", weights);
    (void)Until([] { return false; }, milliseconds(1500));
    EXPECT_TRUE(loader_.begun().empty()) << i;
  }
  ASSERT_TRUE(Until([&] { return Ready("a"); }));
  EXPECT_EQ(host_.Find("a").value()->weight_bytes, weights.size());
  EXPECT_EQ(loader_.begun().size(), 1u);
}

TEST_F(RepositoryTest, AManifestNeedsNoQuiet) {
  Start({.quiet = std::chrono::hours(1)});
  PutFile(env_, "/m/a/manifest.json", R"({"files": {"config.json": 2, "model.safetensors": 3}})");
  PutFile(env_, "/m/a/config.json", "{}");
  PutFile(env_, "/m/a/model.safetensors", "ab");
  EXPECT_TRUE(Until([&] { return Of("a").reason == "'model.safetensors' has 2 of 3 bytes"; }));
  PutFile(env_, "/m/a/model.safetensors", "abc");
  ASSERT_TRUE(Until([&] { return Ready("a"); }, seconds(10)));
  EXPECT_EQ(loader_.begun().size(), 1u);
}

TEST_F(RepositoryTest, ABrokenModelDisturbsNobody) {
  Put("/m/bad", "bad");
  Put("/m/good");
  Start();
  ASSERT_TRUE(Until([&] { return Ready("good") && Is("bad", LoadState::kFailed); }));
  EXPECT_EQ(Of("bad").reason, "the header is cut short");
  const Answer answer = Await("bad");
  ASSERT_TRUE(Until([&] { return Answered(answer); }));
  EXPECT_EQ((*answer)->status.message(), "the model 'bad@1' cannot be loaded: the header is cut short");
  EXPECT_EQ((*answer)->status.reason(), "model_failed");
  EXPECT_GE((*answer)->retry_after_seconds, 1);
  Put("/m/bad", "mended");
  EXPECT_TRUE(Until([&] { return Ready("bad"); }));
}

TEST_F(RepositoryTest, AFailedLoadIsTriedAgainLessAndLessOften) {
  Put("/m/bad", "bad");
  Start({.retry_first = seconds(10), .retry_most = seconds(40)});
  (void)Until([] { return false; }, seconds(200));
  // At 3, 13, 33, 73, 113, 153, 193 s.
  EXPECT_NEAR(static_cast<double>(loader_.begun().size()), 7, 1);
}

TEST_F(RepositoryTest, ANewVersionTakesOverAndABadOneDoesNot) {
  Put("/m/a/1");
  Start();
  ASSERT_TRUE(Until([&] { return Ready("a", "1"); }));
  Put("/m/a/2");
  ASSERT_TRUE(Until([&] { return Ready("a", "2") && !host_.Find("a@1").ok(); }));
  EXPECT_EQ(host_.Find("a").value()->version, "2");
  EXPECT_TRUE(Until([&] { return unloaded() == std::vector<std::string>{"a@1"}; }));
  Put("/m/a/3", "bad");
  ASSERT_TRUE(Until([&] { return Is("a", LoadState::kFailed, "3"); }));
  EXPECT_EQ(host_.Find("a").value()->version, "2");
}

TEST_F(RepositoryTest, ABadHighestVersionLeavesTheNextOneToServe) {
  Put("/m/a/1");
  Put("/m/a/2");
  Put("/m/a/3", "bad");
  Start();
  ASSERT_TRUE(Until([&] { return Ready("a", "2"); }));
  EXPECT_EQ(Of("a", "3").state, LoadState::kFailed);
  EXPECT_EQ(Of("a", "1").state, LoadState::kUnloaded);
}

TEST_F(RepositoryTest, ChangedFilesAreLoadedBesideTheOld) {
  Put("/m/a");
  Start();
  ASSERT_TRUE(Until([&] { return Ready("a"); }));
  Put("/m/a", "bad");
  ASSERT_TRUE(Until([&] { return Of("a").reason == "the header is cut short"; }));
  EXPECT_EQ(host_.Find("a").value()->weight_bytes, 7u);  // the old one goes on
  Put("/m/a", "other");
  ASSERT_TRUE(Until([&] { return host_.Find("a").value()->weight_bytes == 5; }));
  EXPECT_TRUE(Until([&] { return unloaded().size() == 1; }));
  EXPECT_TRUE(Ready("a"));
}

TEST_F(RepositoryTest, ARemovedModelGoesOnceItsRequestsAreDone) {
  Put("/m/a");
  Start({.drain = std::chrono::hours(1)});
  ASSERT_TRUE(Until([&] { return Ready("a"); }));
  ModelVersionPtr call = host_.Find("a").value();  // a request that is under way
  ASSERT_TRUE(env_.RemoveTree("/m/a").ok());
  ASSERT_TRUE(Until([&] { return !host_.Find("a").ok(); }));
  EXPECT_TRUE(Is("a", LoadState::kUnloading));
  (void)Until([] { return false; }, seconds(30));
  EXPECT_TRUE(unloaded().empty());
  call.reset();
  ASSERT_TRUE(Until([&] { return unloaded() == std::vector<std::string>{"a@1"}; }));
  EXPECT_TRUE(Until([&] { return repository_->List().empty(); }));
  EXPECT_EQ(host_.Find("a").error().reason(), "model_not_found");
}

// A share that is away for a moment is no order to unload everything.
TEST_F(RepositoryTest, AFolderThatCannotBeReadTakesNothingWithIt) {
  Put("/m/a");
  Start();
  ASSERT_TRUE(Until([&] { return Ready("a"); }));
  ASSERT_TRUE(env_.Rename("/m", "/away").ok());
  (void)Until([] { return false; }, seconds(10));
  EXPECT_TRUE(host_.Find("a").ok());
  ASSERT_TRUE(env_.Rename("/away", "/m").ok());
  (void)Until([] { return false; }, seconds(10));
  EXPECT_TRUE(Ready("a"));
  EXPECT_EQ(loader_.begun().size(), 1u);
}

TEST_F(RepositoryTest, RequestsWaitForOneLoad) {
  Put("/m/a");
  loader_.Hold(true);
  Start({.decision = {.eager = false}});
  (void)Until([] { return false; }, seconds(5));
  EXPECT_TRUE(loader_.begun().empty());
  std::vector<Answer> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(Await("a"));
  ASSERT_TRUE(Until([&] { return loader_.begun().size() == 1 && Is("a", LoadState::kLoading); }));
  EXPECT_TRUE(Of("a").progress);
  for (const Answer& answer : answers) EXPECT_FALSE(Answered(answer));
  loader_.Hold(false);
  for (const Answer& answer : answers) {
    ASSERT_TRUE(Until([&] { return Answered(answer); }));
    EXPECT_TRUE((*answer)->status.ok());
  }
  EXPECT_EQ(loader_.begun().size(), 1u);
}

TEST_F(RepositoryTest, WaitingIsBounded) {
  Put("/m/a");
  loader_.Hold(true);
  Start({.decision = {.eager = false}, .load_wait = seconds(20), .waiting_max = 2});
  (void)Until([] { return false; }, seconds(5));
  const Answer first = Await("a"), second = Await("a");
  ASSERT_TRUE(Until([&] { return Is("a", LoadState::kLoading); }));
  const Answer third = Await("a");
  ASSERT_TRUE(Until([&] { return Answered(third); }, seconds(1)));
  EXPECT_EQ((*third)->status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE((*third)->progress);
  EXPECT_FALSE(Answered(first));
  ASSERT_TRUE(Until([&] { return Answered(first) && Answered(second); }, seconds(25)));
  EXPECT_EQ((*first)->status.reason(), "model_loading");
  EXPECT_TRUE((*first)->progress);
  loader_.Hold(false);
  EXPECT_TRUE(Until([&] { return Ready("a"); }));
}

// Not waiting at all, the request still has its model loaded for when it comes again.
TEST_F(RepositoryTest, WhoDoesNotWaitFindsItLater) {
  Put("/m/a");
  Start({.decision = {.eager = false}, .load_wait = Duration::zero()});
  (void)Until([] { return false; }, seconds(5));
  const Answer answer = Await("a");
  ASSERT_TRUE(Until([&] { return Answered(answer); }, seconds(1)));
  EXPECT_EQ((*answer)->status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(Until([&] { return Ready("a"); }));
}

TEST_F(RepositoryTest, AnOperatorLoadsAndUnloads) {
  Put("/m/a");
  Start();
  ASSERT_TRUE(Until([&] { return Ready("a"); }));
  Answer unload, load, nobody, again;
  repository_->Unload("a", "", Keep(unload));
  ASSERT_TRUE(Until([&] { return Answered(unload); }));
  EXPECT_TRUE((*unload)->status.ok());
  EXPECT_EQ(unloaded(), std::vector<std::string>{"a@1"});
  (void)Until([] { return false; }, seconds(30));
  EXPECT_TRUE(Is("a", LoadState::kUnloaded));
  const Answer request = Await("a");
  ASSERT_TRUE(Until([&] { return Answered(request); }));
  EXPECT_EQ((*request)->status.reason(), "model_unloaded");
  repository_->Load("a", "1", Keep(load));
  ASSERT_TRUE(Until([&] { return Answered(load); }));
  EXPECT_TRUE((*load)->status.ok());
  EXPECT_TRUE(host_.Find("a").ok());
  repository_->Load("a", "", Keep(again));  // it is there
  repository_->Load("nobody", "", Keep(nobody));
  ASSERT_TRUE(Until([&] { return Answered(nobody) && Answered(again); }));
  EXPECT_TRUE((*again)->status.ok());
  EXPECT_EQ((*nobody)->status.code(), StatusCode::kNotFound);
}

TEST_F(RepositoryTest, TwoModelsShareAMemoryForOne) {
  Put("/m/a", "0123456789");
  Put("/m/b", "0123456789");
  Start({.decision = {.memory_bytes = 15}});
  ASSERT_TRUE(Until([&] { return Ready("a"); }));
  EXPECT_TRUE(Is("b", LoadState::kUnloaded));
  for (int round = 0; round < 3; ++round) {
    for (const char* id : {"b", "a"}) {
      (void)Until([] { return false; }, seconds(1));
      const Answer answer = Await(id);
      ASSERT_TRUE(Until([&] { return Answered(answer); }));
      EXPECT_TRUE((*answer)->status.ok()) << (*answer)->status.message();
      EXPECT_TRUE(host_.Find(id).ok());
      EXPECT_EQ(host_.List().size(), 1u);
    }
  }
  // One that is at work stays.
  const ModelVersionPtr call = host_.Find("a").value();
  const Answer waits = Await("b");
  ASSERT_TRUE(Until([&] { return Answered(waits); }));
  EXPECT_EQ((*waits)->status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(host_.Find("a").ok());
}

TEST_F(RepositoryTest, WhatIsIdleIsUnloadedAndLoadedForTheNextRequest) {
  Put("/m/a");
  Start({.decision = {.idle_unload = seconds(60)}});
  ASSERT_TRUE(Until([&] { return Ready("a"); }));
  (void)Until([] { return false; }, seconds(40));
  host_.Find("a").value()->CountUse();
  (void)Until([] { return false; }, seconds(40));
  EXPECT_TRUE(Ready("a"));
  ASSERT_TRUE(Until([&] { return Is("a", LoadState::kUnloaded); }));
  (void)Until([] { return false; }, seconds(10));
  EXPECT_TRUE(Is("a", LoadState::kUnloaded));
  EXPECT_TRUE(Of("a").on_request);
  const Answer answer = Await("a");
  ASSERT_TRUE(Until([&] { return Answered(answer); }));
  EXPECT_TRUE((*answer)->status.ok());
}

TEST_F(RepositoryTest, LabelsLoadTheirVersionsAndShareRequests) {
  for (const char* version : {"1", "2", "3"}) Put(StrCat("/m/a/", version));
  PutFile(env_, "/m/a/model.yaml", "labels: {stable: 1, canary: {version: 2, weight: 50}}");
  Start();
  ASSERT_TRUE(Until([&] { return Ready("a", "1") && Ready("a", "2"); }));
  (void)Until([] { return false; }, seconds(10));
  EXPECT_EQ(Of("a", "3").state, LoadState::kUnloaded);
  EXPECT_EQ(Of("a", "2").labels, std::vector<std::string>{"canary"});
  EXPECT_EQ(host_.Find("a").value()->version, "1");
  EXPECT_EQ(host_.Find("a@canary").value()->version, "2");
  auto canaries = [&] {
    int count = 0;
    for (int i = 0; i < 200; ++i) count += host_.Find("a", models::ModelHost::Visible(), StrCat("u", i)).value()->version == "2";
    return count;
  };
  EXPECT_NEAR(canaries(), 100, 40);
  // The canary is taken back without anything being read again.
  PutFile(env_, "/m/a/model.yaml", "labels: {stable: 1, canary: 2}");
  ASSERT_TRUE(Until([&] { return canaries() == 0; }));
  EXPECT_EQ(loader_.begun().size(), 2u);
  // It becomes the stable one.
  PutFile(env_, "/m/a/model.yaml", "labels: {stable: 2}");
  ASSERT_TRUE(Until([&] { return host_.Find("a").value()->version == "2"; }));
  EXPECT_TRUE(Until([&] { return !host_.Find("a@1").ok(); }));
}

TEST_F(RepositoryTest, SettingsChangeWithoutWeights) {
  Put("/m/a");
  PutFile(env_, "/m/a/model.yaml", "defaults: {temperature: 0.5}");
  auto temperature = [&] {
    std::lock_guard lock(mu_);
    return temperatures_["a@1"];
  };
  Start();
  ASSERT_TRUE(Until([&] { return Ready("a"); }));
  EXPECT_EQ(temperature(), 0.5);
  PutFile(env_, "/m/a/model.yaml", "defaults: {temperature: 0.25}");
  ASSERT_TRUE(Until([&] { return temperature() == 0.25; }));
  PutFile(env_, "/m/a/model.yaml", "defaults: {temperture: 0.1}");
  (void)Until([] { return false; }, seconds(10));
  EXPECT_EQ(temperature(), 0.25);
  EXPECT_TRUE(Ready("a"));
  EXPECT_EQ(loader_.begun().size(), 1u);
}

TEST_F(RepositoryTest, AModelWhoseSettingsAreWrongIsNotLoaded) {
  Put("/m/a");
  PutFile(env_, "/m/a/model.yaml", "adapters: [x]");
  Start();
  (void)Until([] { return false; }, seconds(10));
  EXPECT_TRUE(loader_.begun().empty());
  EXPECT_NE(Of("a").reason.find("adapters"), std::string::npos) << Of("a").reason;
  PutFile(env_, "/m/a/model.yaml", "defaults: {}");
  EXPECT_TRUE(Until([&] { return Ready("a"); }));
}

TEST_F(RepositoryTest, WhoWaitsWhenItStopsIsTold) {
  Put("/m/a");
  loader_.Hold(true);
  Start();
  ASSERT_TRUE(Until([&] { return Is("a", LoadState::kLoading); }));
  const Answer answer = Await("a");
  std::thread stopping([&] { repository_->Stop(); });
  ASSERT_TRUE(Until([&] { return Answered(answer); }));
  EXPECT_EQ((*answer)->status.reason(), "draining");
  loader_.Hold(false);
  stopping.join();
  const Answer late = Await("a");
  EXPECT_TRUE(Answered(late));
}

}  // namespace
}  // namespace pano::repository
