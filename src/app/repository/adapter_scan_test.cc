#include "app/repository/adapter_scan.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/testing/file_tree.h"

namespace pano::repository {
namespace {

constexpr char kConfig[] = "/a/adapter_config.json";
constexpr char kWeights[] = "/a/adapter_model.safetensors";

class AdapterScan : public ::testing::Test {
 protected:
  void SetUp() override {
    PutFile(env_, kConfig, "{}");
    PutFile(env_, kWeights, "12345");
    stamps_[kConfig] = {.inode = 1, .mtime_ns = 5, .ctime_ns = 9};
    stamps_[kWeights] = {.inode = 2, .mtime_ns = 7, .ctime_ns = 7};
  }
  FoundVersion Scan(const std::string& path = "/a") {
    return ScanAdapter(path, env_, [this](const std::string& file) { return stamps_[file]; });
  }

  MemoryEnv env_;
  std::map<std::string, FileStamp> stamps_;
};

TEST_F(AdapterScan, SaysWhatIsThere) {
  const FoundVersion found = Scan();
  EXPECT_EQ(found.path, "/a");
  EXPECT_EQ(found.weight_bytes, 5u);
  EXPECT_EQ(found.changed_unix_ns, 9);
  EXPECT_EQ(found.growing, "");
  EXPECT_EQ(Scan().content, found.content);
}

TEST_F(AdapterScan, AnyPartOfAStampIsAnotherAdapter) {
  std::set<uint64_t> contents = {Scan().content};
  for (const char* file : {kConfig, kWeights}) {
    for (uint64_t FileStamp::*member : {&FileStamp::device, &FileStamp::inode}) {
      stamps_[file].*member += 100;
      EXPECT_TRUE(contents.insert(Scan().content).second) << file;
    }
    for (int64_t FileStamp::*member : {&FileStamp::mtime_ns, &FileStamp::ctime_ns}) {
      stamps_[file].*member += 100;
      EXPECT_TRUE(contents.insert(Scan().content).second) << file;
    }
  }
  PutFile(env_, kWeights, "123456");
  EXPECT_TRUE(contents.insert(Scan().content).second);
  PutFile(env_, "/b/adapter_config.json", "{}");
  EXPECT_TRUE(contents.insert(Scan("/b").content).second);
}

TEST_F(AdapterScan, WhatIsMissingIsSaid) {
  const uint64_t whole = Scan().content;
  ASSERT_TRUE(env_.Remove(kWeights).ok());
  EXPECT_EQ(Scan().growing, "/a/adapter_model.safetensors: is not there");
  EXPECT_NE(Scan().content, whole);
  ASSERT_TRUE(env_.MakeFolder(kWeights).ok());
  EXPECT_EQ(Scan().growing, "/a/adapter_model.safetensors: is no file");
  EXPECT_EQ(Scan("/nowhere").growing, "/nowhere/adapter_config.json: is not there");
}

}  // namespace
}  // namespace pano::repository
