#include "pano/command_line/config_file.h"

#include <gtest/gtest.h>

#include "base/env.h"

namespace pano::cli {
namespace {

Result<ConfigFile> Read(std::string_view text) {
  std::string path = testing::TempDir() + "config_file_test.yaml";
  EXPECT_TRUE(WriteFile(path, text).ok());
  return ReadConfigFile(path);
}

TEST(ConfigFile, ReadsScalarsAndLists) {
  auto file = Read("port: 9000\nmodel:\n  - a=x\n  - b=y\ninsecure: true\nempty:\n");
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  EXPECT_EQ(file->values.at("port"), std::vector<std::string>{"9000"});
  EXPECT_EQ(file->values.at("model").size(), 2u);
  EXPECT_TRUE(file->values.at("empty").empty());
  EXPECT_TRUE(Read("").ok());
}

TEST(ConfigFile, RefusesWhatIsNoMappingOfSettings) {
  for (const char* text : {"- a\n", "a: {b: c}\n", "a: [[1]]\n", "a: [1\n", "\tx"}) {
    EXPECT_EQ(Read(text).error().code(), StatusCode::kInvalidArgument) << text;
  }
  EXPECT_EQ(ReadConfigFile("/nonexistent.yaml").error().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace pano::cli
