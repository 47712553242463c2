#include "data/version/lineage/model_lineage.h"

#include <gtest/gtest.h>

#include <string>

#include "base/testing/memory_env.h"

namespace pano::data {
namespace {

ModelLineage Sample() {
  ModelLineage lineage;
  lineage.data_version = std::string(64, 'd');
  LearntFile file;
  file.path = "../data/train.jsonl";
  file.bytes = 12;
  file.sha256 = std::string(64, 'a');
  file.version = DataReference{"c89d9b37b56f51fe49f6fc251d63cf3f.dir",
                               "data",
                               "train.jsonl",
                               "data.dvc",
                               std::string(40, 'c'),
                               true,
                               true};
  lineage.data = {file, {"other.txt", 3, std::string(64, 'b'), {}}};
  lineage.recipe = "task: lm\n";
  lineage.recipe_sha256 = std::string(64, 'e');
  lineage.seed = 7;
  lineage.build_version = "0.1.0";
  lineage.started = 1'700'000'000;
  return lineage;
}

TEST(ModelLineage, GoesThereAndBack) {
  const std::string text = LineageText(Sample());
  const auto again = ParseLineage(text);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(LineageText(*again), text);
  EXPECT_EQ(again->data[0].version->file, "train.jsonl");
  EXPECT_FALSE(again->data[1].version.has_value());
}

TEST(ModelLineage, RefusesWhatDoesNotFit) {
  const std::string text = LineageText(Sample());
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"lineage-1", "lineage-2"},
                                 {"\"seed\": 7", "\"seed\": \"x\""},
                                 {"\"bytes\": 12", "\"bytes\": -1"},
                                 {"c89d9b37b56f51fe49f6fc251d63cf3f.dir", "../../etc"},
                                 {"\"recipe\"", "\"Recipe\""},
                                 {"\"data\": [", "\"data\": 3, \"x\": ["}}) {
    std::string broken = text;
    ASSERT_NE(broken.find(from), std::string::npos) << from;
    broken.replace(broken.find(from), from.size(), to);
    EXPECT_FALSE(ParseLineage(broken).ok()) << from;
  }
  EXPECT_FALSE(ParseLineage("").ok());
}

TEST(ModelLineage, IsFoundInTheFolderOfAModelOrARun) {
  MemoryEnv env;
  ASSERT_TRUE(env.MakeFolder("/run").ok());
  ASSERT_TRUE(env.MakeFolder("/run/model").ok());
  const auto none = ReadLineage("/run", env);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadLineage("/nowhere", env).error().code(), StatusCode::kNotFound);
  ASSERT_TRUE(WriteFile("/run/model.gguf", "GGUF", env).ok());
  EXPECT_NE(ReadLineage("/run/model.gguf", env).error().message().find("is a file"),
            std::string::npos);
  ASSERT_TRUE(WriteFile("/run/model/lineage.json", LineageText(Sample()), env).ok());
  EXPECT_EQ(ReadLineage("/run", env)->seed, 7);
  EXPECT_EQ(ReadLineage("/run/model", env)->seed, 7);
}

}  // namespace
}  // namespace pano::data
