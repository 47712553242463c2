#include "data/version/remote/directory_remote.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"
#include "data/version/remote/hmac.h"

namespace pano::remote {
namespace {

std::string Contents(Remote& remote, const std::string& key, uint64_t offset = 0) {
  std::string text;
  const Status status =
      remote.Get(key, offset,
                 [&](uint64_t at, std::span<const std::byte> bytes) {
                   EXPECT_EQ(at, offset + text.size());
                   text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                   return OkStatus();
                 },
                 {});
  return status.ok() ? text : "failure: " + status.message();
}

PutSource Source(MemoryEnv& env, const std::string& text) {
  EXPECT_TRUE(WriteFile("/source", text, env).ok());
  return {"/source", text.size(), Md5Hex(text)};
}

TEST(DirectoryRemote, PutsGetsListsRemoves) {
  MemoryEnv env;
  DirectoryRemote remote("/a/remote", env);
  ASSERT_TRUE(remote.Put("files/md5/ab/c", Source(env, "hello"), {}).ok());
  ASSERT_TRUE(remote.Put("files/md5/ab/d", Source(env, ""), {}).ok());
  EXPECT_EQ(Contents(remote, "files/md5/ab/c"), "hello");
  EXPECT_EQ(Contents(remote, "files/md5/ab/c", 3), "lo");
  EXPECT_EQ(Contents(remote, "files/md5/ab/d"), "");
  EXPECT_EQ(*remote.Exists({"files/md5/ab/c", "files/md5/ab/x", "files/md5/ab/d"}, {}),
            (std::vector<bool>{true, false, true}));
  std::vector<std::string> keys;
  ASSERT_TRUE(remote
                  .List("files/md5/ab/",
                        [&](const Remote::Entry& entry) {
                          keys.push_back(entry.key);
                          return OkStatus();
                        },
                        {})
                  .ok());
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(keys, (std::vector<std::string>{"files/md5/ab/c", "files/md5/ab/d"}));
  ASSERT_TRUE(remote.Remove("files/md5/ab/c", {}).ok());
  ASSERT_TRUE(remote.Remove("files/md5/ab/c", {}).ok());
  EXPECT_EQ(remote
                .Get("files/md5/ab/c", 0,
                     [](uint64_t, std::span<const std::byte>) { return OkStatus(); }, {})
                .code(),
            StatusCode::kNotFound);
}

TEST(DirectoryRemote, SendsNothingThatIsNotWhatItSays) {
  MemoryEnv env;
  DirectoryRemote remote("/remote", env);
  PutSource source = Source(env, "hello");
  source.md5 = Md5Hex("other");
  const Status status = remote.Put("k", source, {});
  EXPECT_EQ(status.code(), StatusCode::kCorruption) << status.message();
  EXPECT_EQ(*remote.Exists({"k"}, {}), std::vector<bool>{false});
  EXPECT_TRUE(env.List("/remote/tmp")->empty());
}

// Every call of the file system fails once: what is at the key is whole or absent, and a later Put
// mends it.
TEST(DirectoryRemote, AFailureAnywhereLeavesNothingHalfWritten) {
  for (int64_t at = 0; at < 60; ++at) {
    MemoryEnv env;
    PutSource source = Source(env, std::string(3u << 20, 'x'));
    FaultEnv faults(env, {.fail_at = at, .fail_errno = ENOSPC});
    const Status status = DirectoryRemote("/remote", faults).Put("files/k", source, {});
    DirectoryRemote remote("/remote", env);
    const bool there = remote.Exists({"files/k"}, {})->at(0);
    EXPECT_TRUE(there || !status.ok());
    if (there) {
      EXPECT_EQ(Md5Hex(Contents(remote, "files/k")), source.md5) << at;
    }
    ASSERT_TRUE(remote.Put("files/k", source, {}).ok());
    EXPECT_EQ(Md5Hex(Contents(remote, "files/k")), source.md5);
  }
}

}  // namespace
}  // namespace pano::remote
