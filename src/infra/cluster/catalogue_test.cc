#include "infra/cluster/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/known_answers.h"

namespace pano::cluster {
namespace {

using ::testing::HasSubstr;

TEST(Catalogue, EveryBuiltInDeviceHasASourceAndANode) {
  const auto catalogue = Catalogue::BuiltIn();
  ASSERT_TRUE(catalogue.ok()) << catalogue.error().ToString();
  EXPECT_GE(catalogue->accelerators().size(), 10u);
  for (const auto& [name, accelerator] : catalogue->accelerators()) {
    EXPECT_FALSE(accelerator.source.empty()) << name;
    EXPECT_TRUE(accelerator.fabric.has_value()) << name;
    EXPECT_LT(accelerator.capacity(), static_cast<double>(accelerator.memory_bytes)) << name;
  }
  EXPECT_TRUE(catalogue->FindFabric("100gbe").ok());
  EXPECT_THAT(catalogue->FindFabric("100gb").error().message(), HasSubstr("did you mean '100gbe'?"));
}

TEST(Catalogue, HardwareStringsBecomeNodes) {
  const auto catalogue = Catalogue::BuiltIn();
  struct Case {
    const char* text;
    int64_t nodes, gpus, nics;
  };
  for (const Case& c : {Case{"A100-80G", 1, 1, 1}, Case{"6xA100-80G", 1, 6, 6}, Case{"8xA100-80G", 1, 8, 8},
                        Case{"96xa100-40g", 12, 8, 8}, Case{"2240xA100-80G", 280, 8, 8}, Case{"12xH100-80G", 2, 6, 6}}) {
    const auto cluster = catalogue->ParseHardware(c.text);
    ASSERT_TRUE(cluster.ok()) << cluster.error().ToString();
    EXPECT_EQ(cluster->fabric.nodes, c.nodes) << c.text;
    EXPECT_EQ(cluster->fabric.gpus_per_node, c.gpus) << c.text;
    EXPECT_EQ(cluster->fabric.nics_per_node, c.nics) << c.text;
  }
  for (const char* wrong : {"0xA100-80G", "1000000000xA100-80G", "99999999999999999999xA100-80G", "17xA100-80G", "8x",
                            "", "8xA1000", "x", "-1xA100-80G", "8xA100-80G,4xH100-80G"}) {
    const auto cluster = catalogue->ParseHardware(wrong);
    EXPECT_FALSE(cluster.ok()) << wrong;
    EXPECT_EQ(cluster.error().code(), StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(Catalogue, FilesAddAndReplace) {
  auto catalogue = Catalogue::BuiltIn();
  ASSERT_TRUE(catalogue->Add("accelerators:\n  X: {memory_bytes: 8, usable: 1.0, read_gb_s: 2, tflops: {bf16: 4}}", "c").ok());
  const auto x = catalogue->FindAccelerator("X");
  ASSERT_TRUE(x.ok());
  EXPECT_EQ(x->Flops("f16"), 4e12);
  EXPECT_EQ(x->capacity(), 8);
  EXPECT_EQ(catalogue->ParseHardware("16xX")->fabric.nodes, 2);
  EXPECT_EQ(catalogue->ParseHardware("16xX")->assumptions.size(), 1u);
  EXPECT_TRUE(catalogue->FindAccelerator("A100-80G").ok());
  for (const char* wrong :
       {"accelerators: {X: {}}", "accelerators: {X: {memory_bytes: 0, read_gb_s: 2, tflops: {bf16: 4}}}",
        "accelerators: {X: {memory_bytes: 8, read_gb_s: -2, tflops: {bf16: 4}}}",
        "accelerators: {X: {memory_bytes: 8, read_gb_s: 2, tflops: {}}}",
        "accelerators: {X: {memory_bytes: 8, read_gb_s: 2, tflops: {b16: 4}}}",
        "accelerators: {X: {memory_bytes: 8, read_gb_s: 2, tflops: {bf16: 4}, usable: 2}}",
        "accelerators: {X: {memory_bytes: 99999999999999999999, read_gb_s: 2, tflops: {bf16: 4}}}",
        "accelerators: 1", "other: 1", "accelerators: {X: {memory_bytes: 8, read_gb_s: 2, tflops: {bf16: 4}, intra: 1}}"}) {
    const Status status = catalogue->Add(wrong, "c.yaml");
    EXPECT_FALSE(status.ok()) << wrong;
    EXPECT_THAT(status.message(), HasSubstr("c.yaml: ")) << wrong;
  }
  EXPECT_TRUE(catalogue->FindAccelerator("X").ok());   // what failed changed nothing
}

TEST(Catalogue, PublishedClustersAreResolved) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/infra/plans/clusters");
  auto catalogue = Catalogue::BuiltIn();
  ASSERT_TRUE(catalogue->AddFile(JoinPath(answers.path(), "../catalogue.yaml")).ok());
  const auto names = ListDirectory(answers.path());
  ASSERT_TRUE(names.ok());
  for (const std::string& name : *names) {
    const auto cluster = catalogue->ResolveHardware(JoinPath(answers.path(), name));
    ASSERT_TRUE(cluster.ok()) << cluster.error().ToString();
    EXPECT_THAT(cluster->accelerator.name, HasSubstr("TEST-"));
    answers.Compared(1);
  }
}

}  // namespace
}  // namespace pano::cluster
