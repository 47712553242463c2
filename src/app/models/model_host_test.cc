#include "app/models/model_host.h"

#include <gtest/gtest.h>

#include "app/models/generator.h"

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
  for (std::string id : {std::string(), std::string(65, 'a'), std::string("a/b"),
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

TEST(ModelHost, NoNameMeansTheOnlyModel) {
  ModelHost host;
  EXPECT_EQ(host.Find("").error().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(host.Add(Version("a", "1")).ok());
  EXPECT_EQ(host.Find("").value()->id, "a");
  EXPECT_TRUE(host.Add(Version("b", "1")).ok());
  EXPECT_EQ(host.Find("").error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(host.List().size(), 2u);
}

}  // namespace
}  // namespace pano::models
