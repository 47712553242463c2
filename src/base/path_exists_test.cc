#include "base/path_exists.h"

#include <gtest/gtest.h>

#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"

namespace pano {
namespace {

// A disk that failed was taken for one without the file.
TEST(Exists, WhatCannotBeLookedAtIsNotAbsent) {
  MemoryEnv memory;
  ASSERT_TRUE(WriteFile("a", "x", memory).ok());
  EXPECT_TRUE(*Exists("a", memory));
  EXPECT_FALSE(*Exists("b", memory));
  EXPECT_FALSE(*Exists("a/b", memory));
  const FaultEnv broken(memory, {.fail_at = 0});
  const auto unknown = Exists("a", broken);
  EXPECT_EQ(unknown.error().code(), StatusCode::kUnavailable);
  EXPECT_EQ(unknown.error().message(), "a: cannot look: Input/output error");
}

}  // namespace
}  // namespace pano
