#include "model/format/gguf_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <optional>
#include <string>

#include "base/strings.h"
#include "model/format/testing/gguf_bytes.h"
#include "model/format/testing/temp_folder.h"
#include "model/format/weights.h"

namespace pano::format {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// One file of a split model with a tensor of its own.
std::string Part(uint16_t number, uint16_t count, int32_t tensors, std::string_view tensor) {
  GgufBytes file(1, 3);
  file.Key("split.no", GgufValueType::kU16).Put(number);
  file.Key("split.count", GgufValueType::kU16).Put(count);
  file.Key("split.tensors.count", GgufValueType::kI32).Put(tensors);
  return file.Tensor(tensor, {1}, 0, 0).Data(StrCat(number, number, number, number)).bytes();
}

std::string Path(int number, std::string_view of = "-of-00003.gguf") {
  return StrCat("m-0000", number, of);
}

void WriteAll(const TempFolder& folder) {
  folder.Write(Path(1), Part(0, 3, 3, "a"));
  folder.Write(Path(2), Part(1, 3, 3, "b"));
  folder.Write(Path(3), Part(2, 3, 3, "c"));
}

void ExpectFailure(const std::string& path, StatusCode code, std::string_view words) {
  const auto model = OpenModel(path);
  ASSERT_FALSE(model.ok()) << words;
  EXPECT_EQ(model.error().code(), code) << model.error().ToString();
  EXPECT_THAT(model.error().message(), HasSubstr(std::string(words)));
}

TEST(GgufSplit, TheFirstFileGivesTheTensorsOfAll) {
  TempFolder folder;
  WriteAll(folder);
  const auto model = OpenModel(folder.Path(Path(1)));
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_THAT(model->weights->Names(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(std::memcmp(model->weights->Find("c")->data, "2222", 4), 0);
  EXPECT_EQ(model->metadata.Find("split.no")->as_int(), 0);
}

// In the hub's cache every part is a link to a file with a hash for a name.
TEST(GgufSplit, PartsMayBeLinks) {
  TempFolder folder;
  std::filesystem::create_directories(folder.Path("blobs"));
  std::filesystem::create_directories(folder.Path("snapshots/1"));
  const char* tensors[] = {"a", "b", "c"};
  for (uint16_t i = 0; i < 3; ++i) {
    folder.Write(StrCat("blobs/", i), Part(i, 3, 3, tensors[i]));
    std::filesystem::create_symlink(StrCat("../../blobs/", i),
                                    folder.Path(StrCat("snapshots/1/", Path(i + 1))));
  }
  const auto model = OpenModel(folder.Path(StrCat("snapshots/1/", Path(1))));
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_THAT(model->weights->Names(), ElementsAre("a", "b", "c"));
}

TEST(GgufSplit, AFileOfOneIsWhole) {
  TempFolder folder;
  EXPECT_TRUE(OpenModel(folder.Write("any name.gguf", Part(0, 1, 1, "a"))).ok());
  EXPECT_TRUE(OpenModel(folder.Write("any name.gguf", Part(0, 0, 1, "a"))).ok());
}

TEST(GgufSplit, FilesThatDoNotFitTogetherAreRefusedByName) {
  TempFolder folder;
  WriteAll(folder);
  ExpectFailure(folder.Path(Path(2)), StatusCode::kInvalidArgument,
                "is file 2 of 3 of a split model; give the first");
  ExpectFailure(folder.Write("renamed.gguf", Part(0, 3, 3, "a")), StatusCode::kInvalidArgument,
                "it has to end in -00001-of-00003.gguf");

  folder.Write(Path(3), Part(1, 3, 3, "c"));
  ExpectFailure(folder.Path(Path(1)), StatusCode::kCorruption,
                "m-00003-of-00003.gguf: says that it is file 2 of 3, its name says 3 of 3");
  folder.Write(Path(3), GgufBytes(0, 0).bytes());
  ExpectFailure(folder.Path(Path(1)), StatusCode::kCorruption, "is file 1 of 1, its name says 3");
  folder.Write(Path(3), Part(2, 3, 3, "b"));
  ExpectFailure(folder.Path(Path(1)), StatusCode::kCorruption, "tensor 'b' is also in");
  folder.Write(Path(3), "GGUF");
  ExpectFailure(folder.Path(Path(1)), StatusCode::kCorruption, "m-00003-of-00003.gguf: version");
  folder.Write(Path(3), Part(2, 3, 3, "c"));
  folder.Write(Path(1), Part(0, 3, 4, "a"));
  ExpectFailure(folder.Path(Path(1)), StatusCode::kCorruption,
                "split.tensors.count: 4, the 3 files have 3");
  std::filesystem::remove(folder.Path(Path(2)));
  ExpectFailure(folder.Path(Path(1)), StatusCode::kNotFound, "m-00002-of-00003.gguf: no such file");
  ExpectFailure(folder.Write(Path(1), Part(3, 3, 3, "a")), StatusCode::kCorruption,
                "split.no: 3, of 3 files");
}

TEST(GgufSplit, OddKeysAreRefused) {
  json::Value metadata;
  metadata.Set("split.count", "3");
  EXPECT_THAT(ReadGgufSplit(metadata).error().message(), HasSubstr("split.count: \"3\" is no"));
  metadata.Set("split.count", 70000);
  EXPECT_FALSE(ReadGgufSplit(metadata).ok());
  metadata.Set("split.count", 100);
  metadata.Set("split.no", -1);
  EXPECT_FALSE(ReadGgufSplit(metadata).ok());
  metadata.Set("split.no", 99);
  EXPECT_EQ(ReadGgufSplit(metadata)->number, 99);
}

TEST(GgufSplit, NamesOfParts) {
  const auto paths = GgufPartPaths("/a-00001-of-00002.gguf", 2);
  ASSERT_TRUE(paths.ok());
  EXPECT_THAT(*paths, ElementsAre("/a-00001-of-00002.gguf", "/a-00002-of-00002.gguf"));
  EXPECT_FALSE(GgufPartPaths("/a-00001-of-00002.gguf", 3).ok());
  EXPECT_TRUE(IsLaterGgufPart("a-00002-of-00002.gguf"));
  for (const char* name : {"a-00001-of-00002.gguf", "a.gguf", "-of-.gguf", "a-00002-of-00001.gguf",
                           "a-00002-of-00002", "a-2-of-3.gguf", "a-0000x-of-00002.gguf"}) {
    EXPECT_FALSE(IsLaterGgufPart(name)) << name;
  }
  EXPECT_EQ(GgufPartPaths("-00001-of-12345.gguf", 12345)->back(), "-12345-of-12345.gguf");
}

}  // namespace
}  // namespace pano::format
