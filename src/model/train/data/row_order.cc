#include "model/train/data/row_order.h"

#include <numeric>
#include <utility>

#include "base/random.h"

namespace pano::train {

int64_t RowOrder::At(int64_t at) {
  const int64_t pass = at / size_, place = at % size_;
  if (!shuffle_) return place;
  if (pass != pass_) {
    // Fisher and Yates, in Durstenfeld's form.
    pass_ = pass;
    order_.resize(static_cast<size_t>(size_));
    std::iota(order_.begin(), order_.end(), int64_t{0});
    Random random(Philox(seed_, static_cast<uint64_t>(pass), 0)[0]);
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.Below(i)]);
  }
  return order_[static_cast<size_t>(place)];
}

}  // namespace pano::train
