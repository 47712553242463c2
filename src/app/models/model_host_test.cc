#include "app/models/model_host.h"

#include <gtest/gtest.h>

#include "app/models/generator.h"
#include "base/strings.h"

namespace pano::models {
namespace {

ModelVersionPtr Version(std::string id, std::string version) {
  auto model = std::make_shared<Generator>();
  model->id = std::move(id);
  model->version = std::move(version);
  return model;
}

TEST(ModelHost, KnowsIds) {
  EXPECT_TRUE(IsModelId("Llama-3.2_1B"));
  EXPECT_TRUE(IsModelId(std::string(64, 'a')));
  EXPECT_TRUE(IsModelId("Qwen/Qwen3-0.6B"));
  EXPECT_TRUE(IsModelId("a/b/..."));
  for (std::string id : {std::string(), std::string(65, 'a'), std::string("a/b/c/d"), std::string("/a"),
                         std::string("a/"), std::string("a//b"), std::string("a/../b"),
                         std::string("."), std::string(64, 'a') + "/" + std::string(65, 'b'),
                         std::string("a@1"), std::string("a b"), std::string("\xc3\xa9")}) {
    EXPECT_FALSE(IsModelId(id)) << id;
  }
}

TEST(ModelHost, TheHighestVersionAnswersByNumber) {
  ModelHost host;
  for (const char* version : {"9", "10", "2"}) EXPECT_TRUE(host.Add(Version("m", version)).ok());
  EXPECT_EQ(host.Find("m").value()->version, "10");
  EXPECT_EQ(host.Find("m@2").value()->version, "2");
  EXPECT_EQ(host.Find("m", "9").value()->version, "9");
  EXPECT_EQ(host.Find("m@3").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(host.Find("m@3").error().reason(), "model_not_found");
  EXPECT_EQ(host.Find("m@3").error().field(), "model");
  EXPECT_EQ(host.Find("m@").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(host.Add(Version("m", "2")).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(host.Versions("m").size(), 3u);
  EXPECT_EQ(host.Versions("m")[0]->version, "2");
}

// People come with the names that they used elsewhere.
TEST(ModelHost, AliasesAreAnyText) {
  ModelHost host;
  EXPECT_TRUE(host.Add(Version("org/llama", "1")).ok());
  EXPECT_TRUE(host.Add(Version("org/llama", "2")).ok());
  EXPECT_TRUE(host.Add(Version("b", "1")).ok());
  EXPECT_TRUE(host.AddAlias({"llama3:8b", "org/llama"}).ok());
  EXPECT_TRUE(host.AddAlias({"old@home", "org/llama@1"}).ok());
  EXPECT_EQ(host.Find("llama3:8b").value()->FullName(), "org/llama@2");
  EXPECT_EQ(host.Find("old@home").value()->FullName(), "org/llama@1");
  EXPECT_EQ(host.Aliases("org/llama"), (std::vector<std::string>{"llama3:8b", "old@home"}));
  EXPECT_TRUE(host.Aliases("b").empty());
  EXPECT_EQ(host.AddAlias({"llama3:8b", "b"}).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(host.AddAlias({"b", "org/llama"}).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(host.AddAlias({"x", "nobody"}).code(), StatusCode::kNotFound);
  EXPECT_EQ(host.AddAlias({"x", "org/llama@7"}).code(), StatusCode::kNotFound);
  for (const char* name : {"old@home", "b@1", "org/llama@stable"}) EXPECT_TRUE(host.NamesVersion(name)) << name;
  for (const char* name : {"llama3:8b", "b", "", "nobody@1"}) EXPECT_FALSE(host.NamesVersion(name)) << name;
  const auto hidden = [](std::string_view id) { return id != "org/llama"; };
  EXPECT_FALSE(host.NamesVersion("old@home", hidden));
}

TEST(ModelHost, OneModelMayAnswerToAnyName) {
  ModelHost host;
  EXPECT_EQ(host.AnswerAnyName().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(host.Add(Version("a", "1")).ok());
  EXPECT_EQ(host.Find("gpt-4o").error().code(), StatusCode::kNotFound);
  EXPECT_TRUE(host.AnswerAnyName().ok());
  EXPECT_EQ(host.Find("gpt-4o").value()->id, "a");
  EXPECT_EQ(host.Find("x@1").value()->id, "a");
  EXPECT_EQ(host.Find("a@9").error().code(), StatusCode::kNotFound);  // it is known, that version not
  ModelHost two;
  EXPECT_TRUE(two.Add(Version("a", "1")).ok());
  EXPECT_TRUE(two.Add(Version("b", "1")).ok());
  EXPECT_EQ(two.AnswerAnyName().code(), StatusCode::kInvalidArgument);
}

TEST(ModelHost, ANameThatIsNearlyRightIsSaid) {
  ModelHost host;
  EXPECT_TRUE(host.Add(Version("starter", "1")).ok());
  EXPECT_EQ(host.Find("startr").error().message(),
            "the model 'startr' does not exist here; did you mean 'starter'?");
}

TEST(ModelHost, NoNameMeansTheOnlyModel) {
  ModelHost host;
  EXPECT_EQ(host.Find("").error().code(), StatusCode::kNotFound);
  EXPECT_TRUE(host.Add(Version("a", "1")).ok());
  EXPECT_EQ(host.Find("").value()->id, "a");
  EXPECT_TRUE(host.Add(Version("b", "1")).ok());
  EXPECT_EQ(host.Find("").error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(host.List().size(), 2u);
}

// What may not be seen is answered in the very words for what is not there, and no hint names it.
TEST(ModelHost, WhatMayNotBeSeenIsNotThere) {
  ModelHost host;
  EXPECT_TRUE(host.Add(Version("open", "1")).ok());
  EXPECT_TRUE(host.Add(Version("secret", "1")).ok());
  EXPECT_TRUE(host.AddAlias({"other", "secret"}).ok());
  const ModelHost::Visible visible = [](std::string_view id) { return id == "open"; };
  EXPECT_EQ(host.Find("open", visible).value()->id, "open");
  EXPECT_EQ(host.Find("", visible).value()->id, "open");  // the only one there is
  for (const char* name : {"secret", "secret@1", "secret@9", "other", "secre", "othe"}) {
    const Status hidden = host.Find(name, visible).error();
    EXPECT_EQ(hidden.message(), StrCat("the model '", name, "' does not exist here"));
    EXPECT_EQ(hidden.reason(), "model_not_found");
  }
  EXPECT_EQ(host.Find("secret", "1", visible).error().message(),
            "the model 'secret' does not exist here");
  EXPECT_EQ(host.Find("secret", "9", visible).error().message(),
            "the model 'secret' does not exist here");
  EXPECT_EQ(host.Find("", [](std::string_view) { return false; }).error().code(),
            StatusCode::kNotFound);
}

TEST(ModelHost, AnyNameMeansNothingToWhoMayNotSeeIt) {
  ModelHost host;
  EXPECT_TRUE(host.Add(Version("secret", "1")).ok());
  EXPECT_TRUE(host.AnswerAnyName().ok());
  const ModelHost::Visible nothing = [](std::string_view) { return false; };
  for (const char* name : {"secret", "gpt-4o", "secret@1"}) {
    EXPECT_EQ(host.Find(name, nothing).error().message(),
              StrCat("the model '", name, "' does not exist here"));
  }
}

TEST(ModelHost, AVersionMayBeKnownWithoutBeingLoaded) {
  ModelHost host;
  host.SetKnown("m", {"1", "2"}, {});
  EXPECT_EQ(host.Resolve("m").value(), (ModelTarget{"m", "2"}));
  EXPECT_EQ(host.Find("m").error().code(), StatusCode::kUnavailable);
  EXPECT_EQ(host.Find("m").error().reason(), "model_not_loaded");
  EXPECT_EQ(host.Find("m@3").error().reason(), "model_not_found");
  EXPECT_TRUE(host.AddAlias({"pet", "m"}).ok());
  EXPECT_EQ(host.Find("pet").error().reason(), "model_not_loaded");

  EXPECT_EQ(host.Put(Version("m", "1")), nullptr);
  EXPECT_EQ(host.Find("m").value()->version, "1");  // what is loaded goes before what is higher
  EXPECT_EQ(host.Find("pet").value()->version, "1");
  const ModelVersionPtr second = Version("m", "1");
  EXPECT_NE(host.Put(second), second);
  EXPECT_EQ(host.Remove({"m", "1"}), second);
  EXPECT_EQ(host.Remove({"m", "1"}), nullptr);
  EXPECT_EQ(host.Remove({"x", "1"}), nullptr);

  host.SetKnown("m", {}, {});
  EXPECT_EQ(host.Find("m").error().reason(), "model_not_found");
  EXPECT_EQ(host.Find("pet").error().message(), "the model 'pet' does not exist here");
}

TEST(ModelHost, LabelsNameVersions) {
  ModelHost host;
  for (const char* version : {"1", "2", "3"}) EXPECT_TRUE(host.Add(Version("m", version)).ok());
  host.SetKnown("m", {"1", "2", "3", "4"}, {.labels = {{"stable", "1"}, {"canary", "2"}, {"next", "4"}, {"lost", "9"}}});
  EXPECT_EQ(host.Find("m").value()->version, "1");
  EXPECT_EQ(host.Find("m@canary").value()->version, "2");
  EXPECT_EQ(host.Find("m", "canary").value()->version, "2");
  EXPECT_EQ(host.Find("m@3").value()->version, "3");
  EXPECT_EQ(host.Find("m@next").error().reason(), "model_not_loaded");
  EXPECT_EQ(host.Find("m@lost").error().reason(), "model_not_found");
  EXPECT_EQ(host.Find("m@nothing").error().reason(), "model_not_found");
}

TEST(ModelHost, ACanaryTakesItsShareAndKeepsItsCallers) {
  ModelHost host;
  for (const char* version : {"1", "2"}) EXPECT_TRUE(host.Add(Version("m", version)).ok());
  host.SetKnown("m", {}, {.labels = {{"stable", "1"}, {"canary", "2"}}, .shares = {{"2", 20}}});
  const ModelHost::Visible all;
  int canary = 0;
  for (int user = 0; user < 10'000; ++user) {
    const std::string name = StrCat("user-", user);
    const std::string version = host.Find("m", all, name).value()->version;
    canary += version == "2";
    EXPECT_EQ(host.Find("m", all, name).value()->version, version);
    EXPECT_EQ(host.Find("m@stable", all, name).value()->version, "1");
  }
  // Binomial with p = 0.2: the standard deviation is 40.
  EXPECT_NEAR(canary, 2000, 200);
  EXPECT_EQ(host.Find("m").value()->version, "1");  // who cannot be told apart takes no part

  // Whom the canary has stays with it when its share grows.
  host.SetKnown("m", {}, {.labels = {{"stable", "1"}, {"canary", "2"}}, .shares = {{"2", 50}}});
  host.SetKnown("n", {}, {});
  int moved = 0;
  for (int user = 0; user < 1000; ++user) {
    const std::string name = StrCat("user-", user);
    host.SetKnown("m", {}, {.labels = {{"stable", "1"}}, .shares = {{"2", 20}}});
    const bool before = host.Find("m", all, name).value()->version == "2";
    host.SetKnown("m", {}, {.labels = {{"stable", "1"}}, .shares = {{"2", 50}}});
    moved += before && host.Find("m", all, name).value()->version == "1";
  }
  EXPECT_EQ(moved, 0);

  // A canary that does not load costs nobody anything.
  (void)host.Remove({"m", "2"});
  for (int user = 0; user < 100; ++user) {
    EXPECT_EQ(host.Find("m", all, StrCat("user-", user)).value()->version, "1");
  }
}

// Known before they are loaded: no model where none is named, and the version is the one that the model's name means.
TEST(ModelHost, AdaptersFollowTheVersionsOfTheirModel) {
  ModelHost host;
  host.SetKnown("m", {"1", "2", "3"}, {});
  host.SetKnown("x", {"1", "2", "3"}, {}, "m");
  EXPECT_EQ(host.Resolve("")->FullName(), "m@3");
  EXPECT_EQ(host.Resolve("x")->FullName(), "x@3");
  EXPECT_TRUE(host.AnswerAnyName().ok());
  EXPECT_EQ(host.Resolve("gpt-4")->id, "m");
  ASSERT_TRUE(host.Add(Version("m", "2")).ok());
  EXPECT_EQ(host.Resolve("x")->FullName(), "x@2");
  EXPECT_EQ(host.Find("x").error().reason(), "model_not_loaded");
  host.SetKnown("m", {"1", "2", "3"}, {.labels = {{"stable", "1"}}});
  host.SetKnown("x", {"1", "2", "3"}, {.labels = {{"stable", "1"}}}, "m");
  EXPECT_EQ(host.Resolve("x")->FullName(), "x@1");
  EXPECT_EQ(host.Resolve("x@stable")->FullName(), "x@1");
  EXPECT_EQ(host.Resolve("x@canary").error().code(), StatusCode::kNotFound);
  host.SetKnown("x", {}, {});
  EXPECT_EQ(host.Resolve("x@1")->id, "m");  // forgotten: a name like any other
}

}  // namespace
}  // namespace pano::models
