#include "base/errno_status.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace pano {
namespace {

TEST(ErrnoStatusTest, CodesDecideAndTheTextIsTheSystems) {
  EXPECT_EQ(ErrnoStatus(ENOENT).code(), StatusCode::kNotFound);
  EXPECT_EQ(ErrnoStatus(EACCES).code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrnoStatus(EEXIST).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ErrnoStatus(EMFILE).code(), StatusCode::kExhausted);
  EXPECT_EQ(ErrnoStatus(EMFILE).reason(), "");
  EXPECT_EQ(ErrnoStatus(ENOTSUP).code(), StatusCode::kUnimplemented);
  EXPECT_EQ(ErrnoStatus(ECONNRESET).code(), StatusCode::kUnavailable);
  const Status full = ErrnoStatus(ENOSPC);
  EXPECT_EQ(full.code(), StatusCode::kExhausted);
  EXPECT_EQ(full.reason(), "disk_full");
  EXPECT_EQ(full.message(), "No space left on device");
  EXPECT_NE(full.ToString().find("errno_status_test.cc"), std::string::npos);
}

}  // namespace
}  // namespace pano
