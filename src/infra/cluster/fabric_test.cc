#include "infra/cluster/fabric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/known_answers.h"

namespace pano::cluster {
namespace {

using ::testing::HasSubstr;

constexpr char kFile[] = R"(name: spine
nodes: 32
gpus_per_node: 8
intra: {alpha_us: 3.4, gb_s: 235.0}
inter: {alpha_us: 5.0, gb_s: 25.0, nics_per_node: 4}
leaf_nodes: 8
oversubscription: 4
switch: {alpha_us: 0.5, levels: 2}
)";

TEST(Fabric, IsRead) {
  const auto file = ParseCluster(kFile, "f.yaml");
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  const Fabric& fabric = file->fabric;
  EXPECT_EQ(fabric.name, "spine");
  EXPECT_EQ(fabric.ranks(), 256);
  EXPECT_DOUBLE_EQ(fabric.intra.alpha_s, 3.4e-6);
  EXPECT_DOUBLE_EQ(fabric.node_bytes_s(), 100e9);
  EXPECT_DOUBLE_EQ(fabric.uplink_bytes_s(), 200e9);
  EXPECT_EQ(fabric.switch_levels, 2);
  EXPECT_EQ(file->accelerator, "");
}

TEST(Fabric, LeavesAndSwitchesHaveDefaults) {
  const auto file = ParseCluster(
      "{accelerator: X, nodes: 4, gpus_per_node: 2, intra: {alpha_us: 1, gb_s: 2}, inter: {alpha_us: 3, gb_s: 4}}", "f");
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  EXPECT_EQ(file->fabric.leaf_nodes, 4);
  EXPECT_EQ(file->fabric.nics_per_node, 1);
  EXPECT_EQ(file->fabric.oversubscription, 1);
  EXPECT_EQ(file->accelerator, "X");
}

TEST(Fabric, LiesAreRefusedWithTheirPlace) {
  auto with = [](std::string_view from, std::string_view to) {
    std::string text = kFile;
    text.replace(text.find(from), from.size(), to);
    const auto file = ParseCluster(text, "f.yaml");
    EXPECT_FALSE(file.ok()) << to;
    return file.ok() ? "" : file.error().message();
  };
  EXPECT_THAT(with("nodes: 32", "nodes: 0"), HasSubstr("f.yaml: nodes: expected a whole number from 1"));
  EXPECT_THAT(with("nodes: 32", "nodes: 1000000000"), HasSubstr("nodes"));
  EXPECT_THAT(with("nodes: 32", "nodes: 1048576"), HasSubstr("are more than 1048576 cards"));
  EXPECT_THAT(with("gb_s: 235.0", "gb_s: 0"), HasSubstr("intra.gb_s"));
  EXPECT_THAT(with("gb_s: 235.0", "gb_s: .inf"), HasSubstr("intra.gb_s"));
  EXPECT_THAT(with("alpha_us: 5.0", "alpha_us: -1"), HasSubstr("inter.alpha_us"));
  EXPECT_THAT(with("nics_per_node: 4", "nics: 4"), HasSubstr("there is no such setting"));
  EXPECT_THAT(with("oversubscription: 4", "oversubscription: 0.5"), HasSubstr("oversubscription"));
  EXPECT_THAT(with("intra:", "inner:"), HasSubstr("inner"));
  EXPECT_THAT(ParseCluster("nodes: 1\ngpus_per_node: 1\n", "f").error().message(), HasSubstr("intra: is missing"));
  EXPECT_FALSE(ParseCluster("", "f").ok());
  EXPECT_FALSE(ParseCluster("[", "f").ok());
  EXPECT_FALSE(ReadCluster("/nowhere.yaml").ok());
}

TEST(Fabric, PublishedOnesAreRead) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/infra/fabrics");
  const auto names = ListDirectory(answers.path());
  ASSERT_TRUE(names.ok());
  for (const std::string& name : *names) {
    const auto file = ReadCluster(JoinPath(answers.path(), name));
    ASSERT_TRUE(file.ok()) << file.error().ToString();
    EXPECT_EQ(file->fabric.name + ".yaml", name);
    answers.Compared(1);
  }
}

}  // namespace
}  // namespace pano::cluster
