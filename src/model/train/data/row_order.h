#pragma once

#include <cstdint>
#include <vector>

namespace pano::train {

// Which row comes when: the rows again and again, each pass in an order that depends on the seed
// and the pass alone, so that a run goes on where it was. Confined to one thread.
class RowOrder {
 public:
  // `shuffle` false: as they stand. REQUIRES: size > 0.
  RowOrder(int64_t size, uint64_t seed, bool shuffle) : size_(size), seed_(seed), shuffle_(shuffle) {}

  // The row at place `at` of all passes one after another, from 0.
  int64_t At(int64_t at);

 private:
  int64_t size_;
  uint64_t seed_;
  bool shuffle_;
  int64_t pass_ = -1;
  std::vector<int64_t> order_;  // of pass_
};

}  // namespace pano::train
