#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/fwd.h"
#include "infra/collective/communicator.h"
#include "infra/collective/single_rank.h"
#include "model/ops/adapter.h"
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

  // Rows that are best taken at a time through operators that look at each row alone: as many as stay
  // in a cache. All of them unless it was set, as where threads share out whatever there is.
  size_t rows_at_once() const { return rows_at_once_; }
  void set_rows_at_once(size_t rows) { rows_at_once_ = rows; }
  // Whether each thread should take some rows through one operator after the other where there are enough
  // of them, rather than all rows by some of the weights: faster where weights are small.
  bool keeps_rows() const { return keeps_rows_; }
  void set_keeps_rows(bool keeps) { keeps_rows_ = keeps; }

  // Which rows of the views that operators get have which adapter: ascending, apart; empty where
  // none has one. Set by AdapterScope.
  std::span<const AdapterRun> adapter_runs() const { return adapter_runs_; }
  // Scratch of the operators, kept for its memory.
  std::vector<LowRankProduct>& low_rank_products() { return low_rank_products_; }

 private:
  friend class AdapterScope;
  const std::unique_ptr<Operators> operators_;
  ComputePool& pool_;
  Workspace workspace_;
  collective::SingleRank alone_;
  collective::Communicator& communicator_;
  size_t rows_at_once_ = SIZE_MAX;
  bool keeps_rows_ = false;
  std::span<const AdapterRun> adapter_runs_;
  std::vector<LowRankProduct> low_rank_products_;
};

// The adapters of the rows that operators get while it lives. Confined to the context's thread.
class AdapterScope {
 public:
  // The rows of a pass. Borrows the runs.
  AdapterScope(OpContext& context, std::span<const AdapterRun> runs)
      : context_(context), before_(context.adapter_runs_) {
    context_.adapter_runs_ = runs;
  }
  // Operators get `rows` of the rows that they got before.
  AdapterScope(OpContext& context, std::span<const int32_t> rows)
      : context_(context), before_(context.adapter_runs_) {
    if (before_.empty()) return;
    GatherRuns(before_, rows, gathered_);
    context_.adapter_runs_ = gathered_;
  }
  ~AdapterScope() { context_.adapter_runs_ = before_; }
  AdapterScope(const AdapterScope&) = delete;
  AdapterScope& operator=(const AdapterScope&) = delete;

 private:
  OpContext& context_;
  const std::span<const AdapterRun> before_;
  std::vector<AdapterRun> gathered_;
};

// On the host's processor.
std::unique_ptr<OpContext> CreateCpuContext(Compute compute, ComputePool& pool,
                                            collective::Communicator* communicator = nullptr);

}  // namespace pano::ops
