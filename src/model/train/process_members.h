#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "infra/collective/communicator.h"
#include "model/train/members.h"
#include "model/train/parallel/bucket_reducer.h"
#include "model/train/tensor_file.h"

namespace pano::train {

// Members that are processes: gradients are summed in buckets while the backward pass goes on, each
// parameter is updated by one member (ZeRO-1), and the state of a checkpoint is put together from
// all. Confined to one thread, but for autograd's, which gradients come from.
class ProcessMembers final : public Members {
 public:
  // Borrows the group.
  explicit ProcessMembers(collective::Communicator* group);
  ~ProcessMembers() override;

  int rank() const override { return group_->rank(); }
  int count() const override { return group_->size(); }
  void BeginBackward(const std::vector<at::Tensor>& leaves) override;
  Status SumGradients(const std::vector<at::Tensor>& leaves, bool fixed) override;
  Status SumNumbers(std::span<double> numbers, bool fixed) override;
  Result<at::Tensor> Gather(const at::Tensor& rows) override;
  // REQUIRES: one of the others that has the leaves was called.
  bool Owns(size_t index) const override;
  Status Share(const std::vector<at::Tensor>& parameters) override;

  Status CollectOptimizer(NamedTensors& state, const std::vector<std::string>& names) override;
  void KeepOwned(NamedTensors& state, const std::vector<at::Tensor>& parameters,
                 const std::vector<std::string>& names) override;

 private:
  class Hooks;
  // Which parameters there are: who owns which follows from their sizes.
  void Learn(const std::vector<at::Tensor>& leaves);
  void DropOthers(NamedTensors& state, const std::vector<std::string>& names) const;
  Status SumFixed(const std::vector<at::Tensor>& leaves);
  Status SumOverlapped(const std::vector<at::Tensor>& leaves);

  collective::Communicator* const group_;
  std::vector<int> owners_;
  std::unique_ptr<BucketReducer> reducer_;  // its parameter 0: who has gradients; then the leaves
  std::unique_ptr<Hooks> hooks_;
};

}  // namespace pano::train
