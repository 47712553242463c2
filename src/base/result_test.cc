#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace pano {
namespace {

Result<std::unique_ptr<int>> Make(int n) {
  if (n < 0) return InvalidArgument("n is negative").WithField("n");
  return std::make_unique<int>(n);
}

Result<int> Twice(int n) {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<int> p, Make(n));
  return *p * 2;
}

TEST(Result, HoldsMoveOnlyValuesAndPassesErrorsUp) {
  EXPECT_EQ(*Twice(21), 42);
  EXPECT_EQ(Twice(-1).error().message(), "n is negative");
  EXPECT_EQ(Twice(-1).value_or(7), 7);
  EXPECT_EQ(Twice(-1).Wrap("twice").error().message(), "twice: n is negative");
  EXPECT_EQ(Twice(-1).Wrap("twice").error().field(), "n");
}

}  // namespace
}  // namespace pano
