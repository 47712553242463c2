#include "app/grpc/task_loop.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace pano::grpc {
namespace {

using std::chrono::milliseconds;

TEST(TaskLoop, RunsTasksInOrderAndLaterOnesLater) {
  TaskLoop loop;
  std::vector<int> order;
  std::promise<void> done;
  loop.PostAfter(milliseconds(30), [&] {
    order.push_back(4);
    done.set_value();
  });
  loop.PostAfter(milliseconds(10), [&] { order.push_back(3); });
  loop.Post([&] {
    order.push_back(1);
    loop.Post([&] { order.push_back(2); });
  });
  done.get_future().get();
  loop.Stop();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

TEST(TaskLoop, StopRunsWhatWasPostedAndDropsTheRest) {
  TaskLoop loop;
  int ran = 0;
  auto kept = std::make_shared<int>(0);
  for (int i = 0; i < 100; ++i) loop.Post([&] { ++ran; });
  loop.PostAfter(std::chrono::hours(1), [kept] {});
  loop.Stop();
  EXPECT_EQ(ran, 100);
  EXPECT_EQ(kept.use_count(), 1);
  loop.Post([&] { ++ran; });
  EXPECT_EQ(ran, 100);
}

}  // namespace
}  // namespace pano::grpc
