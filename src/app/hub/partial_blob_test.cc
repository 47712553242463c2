#include "app/hub/partial_blob.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/hub/file_lock.h"
#include "base/env.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSegment = 4096;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

class PartialBlobTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    for (size_t i = 0; i < 3 * kSegment + 100; ++i) content_ += static_cast<char>('a' + i % 23);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<PartialBlob> Open() {
    Result<std::unique_ptr<PartialBlob>> blob = PartialBlob::Open(path_, content_.size(), kSegment);
    EXPECT_TRUE(blob.ok()) << blob.error().message();
    return std::move(*blob);
  }
  // Writes the next at most `bytes` of the segment.
  void Write(PartialBlob& blob, size_t segment, uint64_t bytes) {
    const uint64_t at = blob.SegmentBegin(segment) + blob.SegmentDone(segment);
    bytes = std::min(bytes, blob.SegmentEnd(segment) - at);
    ASSERT_TRUE(blob.Append(segment, Bytes(std::string_view(content_).substr(at, bytes))).ok());
  }

  const std::string folder_ = testing::TempDir() + "hub_partial_blob";
  const std::string path_ = folder_ + "/e.incomplete", done_ = folder_ + "/e";
  std::string content_;
};

TEST_F(PartialBlobTest, BecomesTheBlobWhateverTheOrderOfSegments) {
  std::unique_ptr<PartialBlob> blob = Open();
  ASSERT_EQ(blob->segment_count(), 4u);
  EXPECT_EQ(blob->SegmentEnd(3), content_.size());
  for (size_t segment : {2, 0, 3, 1}) {
    while (!blob->SegmentComplete(segment)) Write(*blob, segment, 1000);
  }
  EXPECT_EQ(blob->BytesDone(), content_.size());
  std::string middle(500, '\0');
  ASSERT_TRUE(blob->ReadAt(4000, std::as_writable_bytes(std::span(middle))).ok());
  EXPECT_EQ(middle, content_.substr(4000, 500));
  ASSERT_TRUE(blob->Commit(done_).ok());
  EXPECT_EQ(*ReadFile(done_), content_);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(PartialBlobTest, GoesOnWhereAKilledProcessWas) {
  {
    std::unique_ptr<PartialBlob> blob = Open();
    Write(*blob, 1, 1234);
    Write(*blob, 3, 100);
  }
  // Another size of segments does not matter: the file keeps its own.
  std::unique_ptr<PartialBlob> blob = std::move(*PartialBlob::Open(path_, content_.size(), 8192));
  EXPECT_EQ(blob->segment_count(), 4u);
  EXPECT_EQ(blob->SegmentDone(1), 1234u);
  EXPECT_EQ(blob->BytesDone(), 1334u);
  EXPECT_TRUE(blob->SegmentComplete(3));
  for (size_t i = 0; i < 4; ++i) Write(*blob, i, kSegment);
  ASSERT_TRUE(blob->Commit(done_).ok());
  EXPECT_EQ(*ReadFile(done_), content_);
}

TEST_F(PartialBlobTest, ThatLostOnlyItsCountersIsWhole) {
  ASSERT_TRUE(WriteFile(path_, content_).ok());
  EXPECT_EQ(Open()->BytesDone(), content_.size());
}

TEST_F(PartialBlobTest, BeginsAnewWhereTheFileIsSomethingElse) {
  { Write(*Open(), 0, 1000); }
  const std::string good = *ReadFile(path_);
  Random random(7);
  for (int i = 0; i < 200; ++i) {
    std::string bad = good;
    if (i % 2) bad.resize(random.Below(bad.size()));
    else bad[content_.size() + random.Below(bad.size() - content_.size())] ^= static_cast<char>(1 + random.Below(255));
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bad;
    std::unique_ptr<PartialBlob> blob = Open();
    EXPECT_LE(blob->BytesDone(), content_.size());
    for (size_t s = 0; s < blob->segment_count(); ++s) {
      EXPECT_LE(blob->SegmentBegin(s) + blob->SegmentDone(s), blob->SegmentEnd(s));
    }
  }
  std::unique_ptr<PartialBlob> blob = Open();
  ASSERT_TRUE(blob->Reset().ok());
  EXPECT_EQ(blob->BytesDone(), 0u);
  EXPECT_EQ(Open()->BytesDone(), 0u);
}

TEST_F(PartialBlobTest, OfNoBytesIsWhole) {
  std::unique_ptr<PartialBlob> blob = std::move(*PartialBlob::Open(path_, 0, kSegment));
  EXPECT_EQ(blob->segment_count(), 0u);
  ASSERT_TRUE(blob->Commit(done_).ok());
  EXPECT_EQ(fs::file_size(done_), 0u);
}

TEST_F(PartialBlobTest, LockIsHeldByOne) {
  const std::string path = folder_ + "/e.lock";
  Result<std::optional<FileLock>> first = FileLock::TryTake(path);
  ASSERT_TRUE(first.ok() && first->has_value());
  Result<std::optional<FileLock>> second = FileLock::TryTake(path);
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->has_value());
  first->reset();
  second = FileLock::TryTake(path);
  EXPECT_TRUE(second.ok() && second->has_value());
  EXPECT_FALSE(FileLock::TryTake(folder_ + "/absent/e.lock").ok());
}

}  // namespace
}  // namespace pano::hub
