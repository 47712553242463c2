#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

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

TEST(Result, CopiesMovesAndAssignsEitherState) {
  const Result<std::string> text = std::string(40, 'x');
  const Result<std::string> failure = NotFound("none");
  Result<std::string> r = text;
  EXPECT_EQ(*r, *text);
  r = failure;
  EXPECT_EQ(r.error().message(), "none");
  r = failure;
  EXPECT_EQ(r.error().message(), "none");
  r = text;
  EXPECT_EQ(*r, *text);
  EXPECT_TRUE(r.error().ok());
  Result<std::string> moved = std::move(r);
  EXPECT_EQ(*moved, *text);
  moved = Result<std::string>("short");
  EXPECT_EQ(*moved, "short");
  moved = NotFound("gone");
  EXPECT_EQ(moved.error().message(), "gone");
  Result<std::string> taken = std::move(moved);
  EXPECT_EQ(taken.error().message(), "gone");
  taken = *&taken;
  EXPECT_EQ(taken.error().message(), "gone");
}

// Counts what is alive, so that a value that is left or ended twice shows.
struct Counted {
  explicit Counted(int* count) : alive(count) { ++*alive; }
  Counted(const Counted& other) : alive(other.alive) { ++*alive; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --*alive; }
  int* alive;
};

TEST(Result, EndsItsValueOnce) {
  int alive = 0;
  {
    Result<Counted> a = Counted(&alive);
    Result<Counted> b = a;
    EXPECT_EQ(alive, 2);
    b = NotFound("none");
    EXPECT_EQ(alive, 1);
    b = a;
    b = Result<Counted>(a);
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
  static_assert(!std::is_copy_constructible_v<Result<std::unique_ptr<int>>>);
  static_assert(std::is_nothrow_move_constructible_v<Result<std::unique_ptr<int>>>);
}

TEST(ResultDeathTest, WithoutValueEndsTheProcess) {
  const Result<int> none = NotFound("no such number");
  EXPECT_DEATH(static_cast<void>(none.value()), "no such number");
}

}  // namespace
}  // namespace pano
