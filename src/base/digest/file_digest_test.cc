#include "base/digest/file_digest.h"

#include <gtest/gtest.h>

#include <string>

#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"

namespace pano {
namespace {

TEST(DigestOfFile, IsThatOfItsBytes) {
  MemoryEnv env;
  // Around the size of a piece.
  for (const size_t size :
       {size_t{0}, size_t{1}, (size_t{1} << 20) - 1, size_t{1} << 20, (size_t{1} << 20) + 1}) {
    const std::string text(size, 'x');
    ASSERT_TRUE(WriteFile("/file", text, env).ok());
    const Result<FileDigest> digest = DigestOfFile(env, "/file", Digest::kMd5);
    ASSERT_TRUE(digest.ok()) << digest.error().ToString();
    EXPECT_EQ(digest->hex, HexDigest(Digest::kMd5, text));
    EXPECT_EQ(digest->bytes, size);
  }
}

TEST(DigestOfFile, FailsWhereTheFileCannotBeRead) {
  MemoryEnv disk;
  EXPECT_EQ(DigestOfFile(disk, "/none", Digest::kSha256).error().code(), StatusCode::kNotFound);
  ASSERT_TRUE(WriteFile("/file", "text", disk).ok());
  int failures = 0;
  for (int64_t call = 0; call < 3; ++call) {
    FaultEnv env(disk, FaultPlan{.fail_at = call});
    if (!DigestOfFile(env, "/file", Digest::kSha256).ok()) ++failures;
  }
  EXPECT_EQ(failures, 3);  // opening it, its only piece, the read that finds its end
}

}  // namespace
}  // namespace pano
