#include "model/train/parallel/tree_sum.h"

#include <gtest/gtest.h>

#include <bit>

#include "base/random.h"
#include "model/train/parallel/in_process_members.h"
#include "model/train/parallel/partition.h"

namespace pano::train {
namespace {

constexpr size_t kValues = 257;

// Values whose sum depends on the order.
std::vector<float> Unit(int64_t unit) {
  std::vector<float> out(kValues);
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(UniformAt(7, static_cast<uint64_t>(unit), i) - 0.5) *
             (unit % 3 == 0 ? 1e6F : 1.0F);
  }
  return out;
}

std::vector<uint32_t> Bits(const std::vector<float>& values) {
  std::vector<uint32_t> out;
  for (float v : values) out.push_back(std::bit_cast<uint32_t>(v));
  return out;
}

TEST(TreeSum, AnyNumberOfMembersComesToTheSameBits) {
  int64_t moved = 0;
  for (int64_t units : {1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 16, 31}) {
    TreeSum one(0);
    std::vector<float> in_order(kValues);
    for (int64_t u = 0; u < units; ++u) {
      one.Add(Unit(u));
      for (size_t i = 0; i < kValues; ++i) in_order[i] += Unit(u)[i];
    }
    const std::vector<float> expected = std::move(one).Total();
    moved += Bits(expected) != Bits(in_order);
    for (int members : {1, 2, 3, 4, 8}) {
      RunMembers(members, [&](collective::Communicator& group) {
        const Part part = PartOf(units, group.rank(), members);
        TreeSum own(part.begin);
        for (int64_t u = part.begin; u < part.end; ++u) own.Add(Unit(u));
        const auto total = TreeSum::Combine(std::move(own), kValues, group);
        ASSERT_TRUE(total.ok()) << total.error().ToString();
        EXPECT_EQ(Bits(*total), Bits(expected)) << units << " units, " << members << " members";
      });
    }
  }
  EXPECT_GT(moved, 0);  // the order does matter for these values
}

TEST(TreeSum, NothingSumsToNothing) {
  EXPECT_TRUE(TreeSum(0).Total().empty());
  RunMembers(2, [](collective::Communicator& group) {
    EXPECT_EQ(*TreeSum::Combine(TreeSum(0), 3, group), std::vector<float>(3));
  });
}

TEST(TreeSum, AFailureOfTheGroupIsItsOwn) {
  RunMembers(2, [](collective::Communicator& group) {
    group.Abort(InvalidArgument("over"));
    EXPECT_FALSE(TreeSum::Combine(TreeSum(0), 3, group).ok());
  });
}

}  // namespace
}  // namespace pano::train
