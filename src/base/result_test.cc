#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace pano {
namespace {

Result<std::unique_ptr<int>> Make(int n) {
  if (n < 0) return InvalidArgument("n is negative");
  return std::make_unique<int>(n);
}

Result<int> Twice(int n) {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<int> p, Make(n));
  return *p * 2;
}

TEST(Status, OkIsEmptyAndFailuresCarryCodeTextAndPlace) {
  EXPECT_TRUE(Status().ok());
  EXPECT_EQ(Status().ToString(), "Ok");
  Status s = Corruption("[gguf] bad magic");
  EXPECT_EQ(s.code(), StatusCode::kCorruption);
  EXPECT_EQ(s.ToString().substr(0, 29), "Corruption: [gguf] bad magic ");
  EXPECT_EQ(s.Wrap("a.gguf").message(), "a.gguf: [gguf] bad magic");
  EXPECT_TRUE(Status().Wrap("x").ok());
}

TEST(Status, EveryCodeHasItsHttpStatus) {
  EXPECT_EQ(Describe(StatusCode::kInvalidArgument).http_status, 400);
  EXPECT_EQ(Describe(StatusCode::kExhausted).http_status, 429);
  EXPECT_EQ(Describe(StatusCode::kPermissionDenied).http_status, 403);
  EXPECT_TRUE(Describe(StatusCode::kUnavailable).retryable);
}

TEST(Result, HoldsMoveOnlyValuesAndPassesErrorsUp) {
  EXPECT_EQ(*Twice(21), 42);
  EXPECT_EQ(Twice(-1).error().message(), "n is negative");
  EXPECT_EQ(Twice(-1).value_or(7), 7);
  EXPECT_EQ(Twice(-1).Wrap("twice").error().message(), "twice: n is negative");
}

}  // namespace
}  // namespace pano
