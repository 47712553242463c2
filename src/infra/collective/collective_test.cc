#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/random.h"
#include "infra/collective/in_process.h"
#include "infra/collective/single_rank.h"

namespace pano::collective {
namespace {

// Runs `body(communicator)` once a rank, each in a thread; gives what they returned.
template <typename Body>
std::vector<Status> OnRanks(std::vector<std::unique_ptr<Communicator>>& ranks, const Body& body) {
  std::vector<Status> results(ranks.size());
  std::vector<std::jthread> threads;
  for (size_t r = 0; r < ranks.size(); ++r) {
    threads.emplace_back([&, r] { results[r] = body(*ranks[r]); });
  }
  threads.clear();
  return results;
}

std::vector<float> Values(int rank, size_t count) {
  Random random(static_cast<uint64_t>(rank) + 1);
  std::vector<float> values(count);
  for (float& v : values)
    v = static_cast<float>(random.Normal()) * std::exp2f(static_cast<float>(rank));
  return values;
}

class InProcess : public ::testing::TestWithParam<int> {};

TEST_P(InProcess, SumsInTheOrderOfRanksToTheBit) {
  const int size = GetParam();
  for (size_t count : {size_t{0}, size_t{1}, size_t{2}, size_t{1000}}) {
    std::vector<float> want(count);
    for (int r = 0; r < size; ++r) {
      const std::vector<float> values = Values(r, count);
      for (size_t i = 0; i < count; ++i) want[i] = r == 0 ? values[i] : want[i] + values[i];
    }
    auto ranks = CreateInProcessGroup(size);
    // Often, with ranks that come late in turn: timing must not show.
    for (int round = 0; round < 20; ++round) {
      auto results = OnRanks(ranks, [&](Communicator& c) -> Status {
        if (round % size == c.rank()) std::this_thread::yield();
        std::vector<float> values = Values(c.rank(), count);
        PANO_RETURN_IF_ERROR(c.AllReduceSum(values));
        return values == want ? Status() : Internal("another sum");
      });
      for (const Status& status : results) ASSERT_TRUE(status.ok()) << status.ToString();
    }
  }
}

TEST_P(InProcess, GathersAndBroadcasts) {
  const int size = GetParam();
  auto ranks = CreateInProcessGroup(size);
  auto results = OnRanks(ranks, [&](Communicator& c) -> Status {
    if (c.size() != size) return Internal("size");
    const std::vector<float> own = Values(c.rank(), 7);
    std::vector<float> all(7 * static_cast<size_t>(size));
    PANO_RETURN_IF_ERROR(c.AllGather(own, all));
    for (int r = 0; r < size; ++r) {
      if (!std::ranges::equal(Values(r, 7), std::span(all).subspan(static_cast<size_t>(r) * 7, 7)))
        return Internal("gathered");
    }
    for (int root = 0; root < size; ++root) {
      std::vector<float> data = Values(c.rank(), 5);
      PANO_RETURN_IF_ERROR(c.Broadcast(data, root));
      if (data != Values(root, 5)) return Internal("broadcast");
    }
    return {};
  });
  for (const Status& status : results) EXPECT_TRUE(status.ok()) << status.ToString();
}

INSTANTIATE_TEST_SUITE_P(Sizes, InProcess, ::testing::Values(1, 2, 3, 4, 7));

TEST(InProcessFailure, AnAbortReleasesThoseThatWait) {
  auto ranks = CreateInProcessGroup(3);
  auto results = OnRanks(ranks, [](Communicator& c) -> Status {
    std::vector<float> data(10);
    PANO_RETURN_IF_ERROR(c.AllReduceSum(data));
    if (c.rank() == 1) {
      c.Abort(Status(StatusCode::kExhausted, "no memory on rank 1"));
      return {};
    }
    return c.AllReduceSum(data);
  });
  EXPECT_TRUE(results[1].ok());
  for (int r : {0, 2}) {
    EXPECT_EQ(results[static_cast<size_t>(r)].code(), StatusCode::kExhausted);
    EXPECT_EQ(results[static_cast<size_t>(r)].message(), "no memory on rank 1");
  }
  // For good.
  std::vector<float> data(10);
  EXPECT_EQ(ranks[1]->AllReduceSum(data).code(), StatusCode::kExhausted);
}

TEST(InProcessFailure, ARankThatGoesReleasesTheOthers) {
  auto ranks = CreateInProcessGroup(2);
  Status other;
  {
    std::jthread waiting([&] {
      std::vector<float> data(3);
      other = ranks[0]->AllReduceSum(data);
    });
    ranks[1].reset();
  }
  EXPECT_EQ(other.code(), StatusCode::kUnavailable);
  EXPECT_NE(other.message().find("rank 1 has gone"), std::string::npos);
}

TEST(InProcessFailure, RanksThatDisagreeAllFail) {
  auto ranks = CreateInProcessGroup(3);
  auto results = OnRanks(ranks, [](Communicator& c) {
    std::vector<float> data(c.rank() == 2 ? 4 : 5);
    return c.AllReduceSum(data);
  });
  for (const Status& status : results) EXPECT_EQ(status.code(), StatusCode::kInternal);
}

TEST(InProcessFailure, SizesThatCannotBeEndTheGroup) {
  auto ranks = CreateInProcessGroup(2);
  auto results = OnRanks(ranks, [](Communicator& c) {
    std::vector<float> local(2), all(c.rank() == 0 ? 4 : 5);
    return c.rank() == 0 ? c.AllReduceSum(all) : c.AllGather(local, all);
  });
  for (const Status& status : results) EXPECT_EQ(status.code(), StatusCode::kInternal);
  std::vector<float> data(1);
  EXPECT_EQ(CreateInProcessGroup(2)[0]->Broadcast(data, 2).code(), StatusCode::kInternal);
}

TEST(SingleRank, LeavesValuesAsTheyAre) {
  SingleRank one;
  EXPECT_EQ(one.size(), 1);
  std::vector<float> data = {1, 2}, all(2), wrong(3);
  EXPECT_TRUE(one.AllReduceSum(data).ok());
  EXPECT_TRUE(one.AllGather(data, all).ok());
  EXPECT_TRUE(one.Broadcast(data, 0).ok());
  EXPECT_EQ(data, (std::vector<float>{1, 2}));
  EXPECT_EQ(all, data);
  EXPECT_FALSE(one.AllGather(data, wrong).ok());
  EXPECT_FALSE(one.Broadcast(data, 1).ok());
  one.Abort(Internal("over"));
  EXPECT_EQ(one.AllReduceSum(data).message(), "over");
}

}  // namespace
}  // namespace pano::collective
