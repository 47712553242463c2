#include "app/auth/bearer/check_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace pano::bearer {
namespace {

TEST(CheckThread, ChecksInOrderAndRefusesTooMany) {
  std::vector<int> done;
  std::promise<void> begun, go;   // outlive the thread
  {
    CheckThread checks(2);
    EXPECT_TRUE(checks.Submit([&] {
      begun.set_value();
      go.get_future().wait();
      done.push_back(0);
    }));
    begun.get_future().wait();
    EXPECT_TRUE(checks.Submit([&] { done.push_back(1); }));
    EXPECT_TRUE(checks.Submit([&] { done.push_back(2); }));
    EXPECT_FALSE(checks.Submit([&] { done.push_back(3); }));
    go.set_value();
  }
  EXPECT_EQ(done, (std::vector<int>{0, 1, 2}));   // what waited was done before it ended
}

TEST(CheckThread, WithoutWorkThereIsNone) { const CheckThread checks; }

}  // namespace
}  // namespace pano::bearer
