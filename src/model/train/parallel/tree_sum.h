#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "infra/collective/communicator.h"

namespace pano::train {

// A sum of arrays whose order of additions depends on how many there are and on nothing else: units
// 0 and 1 are added, 2 and 3, then these two sums, and so on (a binary tree over unit numbers; what
// has no partner at the end is added from the last to the first). Members that hold neighbouring
// units sum parts of the tree each by itself, and Combine sums the rest: one member and any number of
// them come to the same bits. Holds at most log2(units) + 1 arrays. Thread-compatible.
class TreeSum {
 public:
  // `first_unit` is the number of the first that is added, over all members.
  explicit TreeSum(int64_t first_unit) : next_(first_unit) {}

  // The next unit. REQUIRES: all have the same size.
  void Add(std::vector<float> unit);
  // The whole sum; of one member. An empty sum is empty.
  std::vector<float> Total() &&;

  // The sum over the units of all members, which follow each other in the order of ranks; `count`
  // values, also where this member has no unit. Every member gets the same bits.
  static Result<std::vector<float>> Combine(TreeSum&& own, size_t count,
                                            collective::Communicator& group);

 private:
  struct Node {
    int64_t begin = 0;  // units [begin, begin + length), length a power of two
    int64_t length = 0;
    std::vector<float> sum;
  };
  void Push(Node node);

  int64_t next_;
  std::vector<Node> nodes_;  // in their order; no two that follow each other are partners
};

}  // namespace pano::train
