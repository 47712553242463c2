#pragma once


#include "infra/collective/communicator.h"

namespace pano::collective {

// A group of one: sums are what they were. Thread-compatible.
class SingleRank final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  Status AllReduceSum(std::span<float> data) override;
  Status AllGather(std::span<const float> local, std::span<float> all) override;
  Status Broadcast(std::span<float> data, int root) override;
  void Abort(Status reason) override { aborted_ = std::move(reason); }

 private:
  Status aborted_;
};

}  // namespace pano::collective
