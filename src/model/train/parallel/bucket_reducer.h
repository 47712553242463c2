#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "infra/collective/communicator.h"

namespace pano::train {

// Sums gradients over members while the backward pass still computes: parameters go into buckets in
// the order in which their gradients come (the last layer first), and a thread of its own reduces
// each bucket that is full. Buckets are reduced in their order, so that all members do the same.
//
//   reducer.Begin();                       // before the last backward pass of a step
//   reducer.Ready(index, gradient);        // from its hooks
//   PANO_RETURN_IF_ERROR(reducer.Finish()); // then reduced(index) is the sum over members
//
// Ready may be called from any thread; the rest is confined to one. Between Begin and Finish the
// communicator is the reducer's.
class BucketReducer {
 public:
  struct Options {
    size_t bucket_bytes = 4 << 20;  // as large messages as pay; small enough to begin early
  };
  // `sizes`: values of each parameter, in the order of the forward pass. Borrows the group.
  BucketReducer(collective::Communicator* group, std::vector<int64_t> sizes, Options options);
  BucketReducer(collective::Communicator* group, std::vector<int64_t> sizes)
      : BucketReducer(group, std::move(sizes), Options()) {}
  ~BucketReducer();
  BucketReducer(const BucketReducer&) = delete;
  BucketReducer& operator=(const BucketReducer&) = delete;

  void Begin();
  // Once a parameter. An empty gradient counts as zeros.
  void Ready(size_t index, std::span<const float> gradient);
  // Parameters that were not ready count as zeros. The failure of the first bucket that fails.
  Status Finish();
  std::span<const float> reduced(size_t index) const;

  size_t bucket_count() const { return buckets_.size(); }
  // Buckets that were reduced before Finish was called, of the last step: how much was overlapped.
  size_t overlapped() const { return overlapped_; }

 private:
  struct Bucket {
    std::vector<size_t> parameters;
    std::vector<float> values;
    size_t missing = 0;  // parameters that are not ready
  };
  struct Place {
    size_t bucket = 0, offset = 0, size = 0;
  };
  void ReduceLoop(const std::stop_token& stop);

  // Constant after construction.
  collective::Communicator* const group_;
  std::vector<Place> places_;  // by parameter

  mutable Mutex mu_;
  CondVar changed_;
  std::vector<Bucket> buckets_;           // values are the thread's from ready until reduced
  std::vector<bool> ready_ PANO_GUARDED_BY(mu_);
  bool running_ PANO_GUARDED_BY(mu_) = false;
  bool ends_ PANO_GUARDED_BY(mu_) = false;
  size_t next_ PANO_GUARDED_BY(mu_) = 0;  // bucket to reduce
  Status failure_ PANO_GUARDED_BY(mu_);
  size_t overlapped_ = 0;
  std::jthread thread_;
};

}  // namespace pano::train
