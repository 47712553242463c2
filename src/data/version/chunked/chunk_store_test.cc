#include "data/version/chunked/chunk_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/digest/digest.h"
#include "base/random.h"
#include "base/strings.h"
#include "data/version/chunked/chunk_pack.h"

namespace pano::chunked {
namespace {

// Lines such as a table has.
std::string Records(size_t count, uint64_t seed) {
  Random random(seed);
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += StrCat(i, ",", random.Next(), ",", random.Below(1000), ",some words of a record\n");
  return text;
}

// Replaces `places` runs of records, 1 % of them together.
std::string Edited(const std::string& text, int places, uint64_t seed) {
  Random random(seed);
  std::string out = text;
  for (int i = 0; i < places; ++i) {
    const size_t size = text.size() / 100 / static_cast<size_t>(places);
    const size_t at = out.find('\n', random.Below(out.size() - 2 * size)) + 1;
    const size_t end = out.find('\n', at + size) + 1;
    std::string fresh;
    while (fresh.size() < end - at + i % 3 * 7)
      fresh += StrCat("new,", random.Next(), ",edited record\n");
    out.replace(at, end - at, fresh);
  }
  return out;
}

class ChunkStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = StrCat(::testing::TempDir(), "/chunk_store_test_", RandomHex(6));
    ASSERT_TRUE(Env::Real().MakeFolder(folder_).ok());
  }
  void TearDown() override { ASSERT_TRUE(Env::Real().RemoveTree(folder_).ok()); }

  Stored Put(ChunkStore& store, const std::string& content, const std::string& previous = "") {
    EXPECT_TRUE(WriteFile(folder_ + "/file", content).ok());
    const auto stored = store.Put(folder_ + "/file", previous);
    EXPECT_TRUE(stored.ok()) << stored.error().message();
    return stored.ok() ? *stored : Stored();
  }
  static Result<std::string> Contents(const ChunkStore& store, const std::string& md5) {
    std::string text;
    const Status status = store.Read(md5, [&text](std::span<const std::byte> bytes) {
      text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return OkStatus();
    });
    if (!status.ok()) return status;
    return text;
  }

  std::string folder_;
};

TEST_F(ChunkStoreTest, AnEditOfOneInAHundredRecordsAddsAtMostThreePerCent) {
  // From 1.5 MB on; a smaller file has too few chunks of the least size (docs/formats/chunked.md).
  for (const size_t records : {27'000u, 80'000u, 200'000u}) {
    ChunkStore store(StrCat(folder_, "/store", records));
    const std::string first = Records(records, records);
    EXPECT_GT(first.size(), 1'400'000u);
    const Stored one = Put(store, first);
    EXPECT_LT(one.added_bytes, first.size() + first.size() / 6);  // 36 bytes a chunk
    std::string version = first, previous = one.md5;
    for (uint64_t i = 0; i < 3; ++i) {
      version = Edited(version, 20, i);
      const Stored next = Put(store, version, previous);
      EXPECT_LT(static_cast<double>(next.added_bytes), 0.03 * static_cast<double>(version.size()))
          << records << " " << i;
      EXPECT_EQ(*Contents(store, next.md5), version);
      previous = next.md5;
    }
    EXPECT_EQ(*Contents(store, one.md5), first);
  }
}

TEST_F(ChunkStoreTest, TheSameFileAgainAddsNothingButIsThere) {
  ChunkStore store(folder_ + "/store");
  const std::string content = Records(10'000, 3);
  const Stored one = Put(store, content);
  EXPECT_EQ(one.md5, HexDigest(Digest::kMd5, content));
  EXPECT_EQ(Put(store, content, one.md5).new_chunks, 0u);
  EXPECT_EQ(Put(store, content).new_chunks, 0u);
  EXPECT_TRUE(*store.Has(one.md5));
  const Stored empty = Put(store, "");
  EXPECT_EQ(*Contents(store, empty.md5), "");
  EXPECT_FALSE(*store.Has(std::string(32, '0')));
  EXPECT_EQ(Contents(store, std::string(32, '0')).error().code(), StatusCode::kNotFound);
}

TEST_F(ChunkStoreTest, AWrongByteIsFoundWhereverItIs) {
  ChunkStore store(folder_ + "/store");
  const std::string content = Records(2'000, 4);
  const Stored one = Put(store, content);
  const auto files = *store.FilesOf(one.md5);
  ASSERT_EQ(files.size(), 2u);
  for (const std::string& file : files) {
    const std::string path = folder_ + "/store/" + file;
    const std::string whole = *ReadFile(path);
    for (size_t i = 0; i < 40; ++i) {
      std::string broken = whole;
      const size_t at = i * (whole.size() - 1) / 39;
      broken[at] = static_cast<char>(broken[at] ^ 0x10);
      ASSERT_TRUE(WriteFile(path, broken).ok());
      const auto read = Contents(store, one.md5);
      // A flipped bit of the manifest's "average" changes nothing that is read.
      if (read.ok()) {
        EXPECT_EQ(*read, content);
      } else {
        EXPECT_EQ(read.error().code(), StatusCode::kCorruption) << read.error().message();
      }
    }
    for (const size_t cut : {size_t{0}, size_t{10}, whole.size() / 2, whole.size() - 1}) {
      ASSERT_TRUE(WriteFile(path, whole.substr(0, cut)).ok());
      const auto read = Contents(store, one.md5);
      if (read.ok()) {
        EXPECT_EQ(*read, content);  // without the last line end the manifest is the same
      }
    }
    ASSERT_TRUE(WriteFile(path, whole).ok());
  }
  EXPECT_TRUE(store.Verify()->empty());
}

TEST_F(ChunkStoreTest, CollectRemovesWhatNobodyNeeds) {
  ChunkStore store(folder_ + "/store");
  const std::string first = Records(5'000, 5), second = Edited(first, 5, 9);
  const Stored one = Put(store, first);
  const Stored two = Put(store, second, one.md5);
  EXPECT_EQ(*store.Collect([](const std::string&) { return true; }), 0u);
  EXPECT_GT(*store.Collect([&](const std::string& md5) { return md5 == two.md5; }), 0u);
  EXPECT_FALSE(*store.Has(one.md5));
  EXPECT_EQ(*Contents(store, two.md5), second);
  EXPECT_GT(*store.Collect([](const std::string&) { return false; }), first.size());
  EXPECT_TRUE(store.Versions()->empty());
}

TEST(ChunkManifest, GoesThereAndBackAndRefusesWhatDoesNotFit) {
  Manifest manifest;
  manifest.md5 = std::string(32, 'a');
  manifest.bytes = 15;
  manifest.packs = {std::string(64, '1')};
  manifest.runs = {{0, 0, 10}, {0, 20, 5}};
  const std::string text = manifest.Text();
  const auto again = ParseManifest(text);
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again->Text(), text);
  const auto changed = [&text](const std::string& from, const std::string& to) {
    std::string other = text;
    other.replace(other.find(from), from.size(), to);
    return ParseManifest(other);
  };
  EXPECT_FALSE(changed("\"bytes\":15", "\"bytes\":16").ok());
  EXPECT_FALSE(changed("\"bytes\":15", "\"bytes\":14").ok());
  EXPECT_FALSE(changed("\"bytes\":15", "\"bytes\":-1").ok());
  EXPECT_FALSE(changed("[0,0,10]", "[1,0,10]").ok());
  EXPECT_FALSE(changed("[0,0,10]", "[0,10]").ok());
  EXPECT_FALSE(changed("1111", "../.").ok());
  EXPECT_FALSE(changed("chunks-1", "chunks-2").ok());
  EXPECT_FALSE(changed("8192", "1000").ok());
  EXPECT_FALSE(ParseManifest("").ok());
}

}  // namespace
}  // namespace pano::chunked
