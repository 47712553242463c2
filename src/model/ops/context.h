#pragma once

#include <memory>

#include "base/fwd.h"
#include "infra/collective/communicator.h"
#include "infra/collective/single_rank.h"
#include "model/ops/operators.h"
#include "model/ops/workspace.h"

namespace pano::ops {

// What operators run with: a device's implementation of them, the threads of the host, scratch
// memory, and the other ranks. One a model instance; confined to one thread at a time.
class OpContext {
 public:
  // Borrows the pool and the communicator, which outlive it. No communicator: one rank.
  OpContext(std::unique_ptr<Operators> operators, ComputePool& pool,
            collective::Communicator* communicator = nullptr)
      : operators_(std::move(operators)),
        pool_(pool),
        workspace_(operators_->device()),
        communicator_(communicator ? *communicator : alone_) {}
  OpContext(const OpContext&) = delete;
  OpContext& operator=(const OpContext&) = delete;

  device::Device& device() { return operators_->device(); }
  Operators& operators() { return *operators_; }
  ComputePool& pool() { return pool_; }
  Workspace& workspace() { return workspace_; }
  collective::Communicator& communicator() { return communicator_; }

 private:
  const std::unique_ptr<Operators> operators_;
  ComputePool& pool_;
  Workspace workspace_;
  collective::SingleRank alone_;
  collective::Communicator& communicator_;
};

// On the host's processor.
std::unique_ptr<OpContext> CreateCpuContext(Compute compute, ComputePool& pool,
                                            collective::Communicator* communicator = nullptr);

}  // namespace pano::ops
