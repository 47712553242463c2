#include "app/api/work/work_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace pano::api {
namespace {

constexpr size_t kLarge = WorkPool::kLargeBytes;

TEST(WorkPool, WithoutThreadsTheCallerRuns) {
  WorkPool pool({.threads = 0});
  bool ran = false;
  EXPECT_TRUE(pool.Submit(0, [&] { ran = true; }));
  EXPECT_TRUE(ran);
}

// Four texts of 4 MB held up every other request.
TEST(WorkPool, LargeTasksNeverTakeTheLastThread) {
  std::promise<void> go;
  std::shared_future<void> gate = go.get_future().share();
  std::promise<void> small_done;
  std::atomic<int> large_done{0};
  WorkPool pool({.threads = 2});
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(pool.Submit(kLarge, [&, gate] {
      gate.wait();
      ++large_done;
    }));
  }
  ASSERT_TRUE(pool.Submit(1, [&] { small_done.set_value(); }));
  EXPECT_EQ(small_done.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(large_done, 0);
  go.set_value();
  std::promise<void> last;
  ASSERT_TRUE(pool.Submit(kLarge, [&] { last.set_value(); }));
  last.get_future().wait();
  EXPECT_EQ(large_done, 4);
}

TEST(WorkPool, RefusesWhenTooManyWait) {
  std::promise<void> go;
  std::shared_future<void> gate = go.get_future().share();
  std::promise<void> started;
  std::vector<int> order;
  std::promise<void> last;
  WorkPool pool({.threads = 1, .tasks_max = 2});
  ASSERT_TRUE(pool.Submit(0, [&, gate] {
    started.set_value();
    gate.wait();
  }));
  started.get_future().wait();
  ASSERT_TRUE(pool.Submit(kLarge, [&] { order.push_back(1); }));
  ASSERT_TRUE(pool.Submit(0, [&] { order.push_back(2); }));
  EXPECT_FALSE(pool.Submit(0, [&] { order.push_back(3); }));
  EXPECT_EQ(pool.waiting(), 2u);
  pool.SubmitAdmitted(0, [&] {
    order.push_back(4);
    last.set_value();
  });
  go.set_value();
  last.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 4}));   // in the order of their coming
}

TEST(WorkPool, ATaskThatThrowsCostsNothingElse) {
  WorkPool pool({.threads = 1});
  std::promise<void> done;
  pool.Submit(0, [] { throw std::bad_alloc(); });
  pool.Submit(0, [] { throw 1; });
  pool.Submit(0, [&] { done.set_value(); });
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST(WorkPool, ItsEndDropsWhatHasNotBegun) {
  std::promise<void> started;
  std::promise<void> go;
  auto held = std::make_shared<int>(1);
  std::jthread release;
  {
    WorkPool pool({.threads = 1});
    pool.Submit(0, [&] {
      started.set_value();
      go.get_future().wait();
    });
    started.get_future().wait();
    pool.Submit(0, [held] { ADD_FAILURE() << "must not run"; });
    EXPECT_EQ(held.use_count(), 2);
    release = std::jthread([&] {
      while (held.use_count() > 1) std::this_thread::yield();
      go.set_value();
    });
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Strand, RunsInOrderOneAtATime) {
  WorkPool pool({.threads = 4});
  auto strand = std::make_shared<Strand>(pool);
  std::vector<int> order;   // no lock: that is the point
  std::promise<void> done;
  for (int i = 0; i < 500; ++i) strand->Post([&order, i] { order.push_back(i); });
  strand->Post([&] { done.set_value(); });
  done.get_future().wait();
  ASSERT_EQ(order.size(), 500u);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(Strand, LetsGoOfItsTasksWhereThePoolEnds) {
  auto value = std::make_shared<int>(1);
  std::promise<void> begun;
  WorkPool pool({.threads = 1});
  pool.Submit(0, [&begun, held = std::weak_ptr<int>(value)] {
    begun.set_value();
    for (int i = 0; i < 10'000 && !held.expired(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_TRUE(held.expired());
  });
  begun.get_future().wait();
  auto strand = std::make_shared<Strand>(pool);
  strand->Post([strand, value = std::move(value)] { FAIL() << "the only thread is taken"; });
}

TEST(Strand, OutlivesThePoolAndDropsWhatComes) {
  for (int threads : {0, 1}) {
    auto pool = std::make_unique<WorkPool>(WorkPool::Options{.threads = threads});
    auto strand = std::make_shared<Strand>(*pool);
    pool.reset();
    auto value = std::make_shared<int>(1);
    strand->Post([value] { FAIL() << "the pool has ended"; });
    EXPECT_EQ(value.use_count(), 1);
  }
}

}  // namespace
}  // namespace pano::api
