#include "model/train/run/record/run_lineage.h"

#include <gtest/gtest.h>

#include <string>

#include "model/train/run/record/run_card.h"

namespace pano::train {
namespace {

RunRecord Sample() {
  RunRecord record;
  record.recipe = "task: lm\n";
  record.seed = 3;
  DataFile file;
  file.path = "../data/train.jsonl";
  file.bytes = 5;
  file.sha256 = std::string(64, 'a');
  file.version = data::DataReference{"c89d9b37b56f51fe49f6fc251d63cf3f.dir",
                                     "data",
                                     "train.jsonl",
                                     "data.dvc",
                                     std::string(40, 'c'),
                                     true,
                                     true};
  record.data = {file};
  return record;
}

TEST(RunLineage, CarriesDataRecipeAndBuild) {
  const data::ModelLineage lineage = LineageOf(Sample(), "starter");
  EXPECT_EQ(lineage.data_version, DataVersion(Sample().data));
  EXPECT_EQ(lineage.data[0].version->id, "c89d9b37b56f51fe49f6fc251d63cf3f.dir");
  EXPECT_EQ(lineage.base_model, "starter");
  const auto again = data::ParseLineage(data::LineageText(lineage));
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->recipe, "task: lm\n");
}

TEST(RunLineage, TheCardNamesTheDataVersion) {
  RunCard card;
  card.record = Sample();
  EXPECT_NE(
      RunCardMarkdown(card).find("is of the data version `c89d9b37b56f51fe49f6fc251d63cf3f.dir` of "
                                 "`data`, in commit `cccc"),
      std::string::npos);
}

}  // namespace
}  // namespace pano::train
