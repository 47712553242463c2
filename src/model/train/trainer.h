#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/train/adapter_set.h"
#include "model/train/base_model.h"
#include "model/train/data/row_order.h"
#include "model/train/data/row_source.h"
#include "model/train/loss_scaler.h"
#include "model/train/members.h"
#include "model/train/objective.h"
#include "model/train/optimizer.h"
#include "model/train/recipe/recipe.h"
#include "model/train/training_state.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// One run: from the weights that the recipe names, or the state of a checkpoint, step after step.
// Pure of files other than those it reads at the start. Confined to one thread.
class Trainer {
 public:
  struct Options {
    // Gradients row by row, added in one order, whatever the number of members: the same bits.
    bool deterministic = false;
    Members* members = nullptr;  // borrowed; null: this process alone
    // Called before weights and moments change: whoever borrowed a state waits here. Null: nobody.
    std::function<void()> before_update = {};
  };
  struct Data {
    std::unique_ptr<RowSource> train;
    std::unique_ptr<RowSource> validation;  // null: nothing is measured
  };

  // What the best measurement so far was.
  struct Best {
    int64_t step = -1;  // -1: none yet
    double loss = 0;
    int64_t since = 0;  // measurements after it
  };
  struct Evaluation {
    double loss = 0;
    double items = 0;
    bool best = false;
  };

  // `base` as OpenBaseModel gave it, `data` within its limits.
  static Result<std::unique_ptr<Trainer>> Create(const Recipe& recipe, BaseModel base, Data data,
                                                 const Options& options);

  int64_t step() const { return step_; }              // steps that are done
  int64_t step_count() const { return step_count_; }  // of the whole run
  const Best& best() const { return best_; }
  // All steps are done, or nothing got better for as long as the recipe bears.
  bool done() const;
  const LossScaler& scaler() const { return scaler_; }

  // InvalidArgument, with the step and the layer, when the loss or a gradient is no number: the
  // weights are then those before the step.
  Result<StepResult> Step();
  // The loss over all validation rows, and whether it is the best so far. REQUIRES: some.
  Result<Evaluation> Evaluate();

  TrainingState State() const;
  // The same without copies: tensors are the trainer's own until the next update.
  TrainingState BorrowState() const;
  // Goes on from a state of the same recipe, whose tensors it takes over. Corruption where it is
  // another's.
  Status Restore(TrainingState state);
  // The weights alone.
  Status RestoreWeights(const NamedTensors& weights);

  const BaseModel& base() const { return base_; }
  const TransformerModule& module() const { return module_; }
  // Null where all weights are trained.
  const AdapterSet* adapter() const { return adapter_ ? &*adapter_ : nullptr; }
  const std::vector<Trainable>& parameters() const { return trainables_; }
  // Of the last step, before clipping, by the names of State().weights; for tests and reports.
  NamedTensors Gradients() const;
  void KeepGradients(bool keep) { keep_gradients_ = keep; }

 private:
  Trainer(const Recipe& recipe, BaseModel base, Data data, const Options& options);
  Status Prepare();
  Status MakeReference();
  // This member's part of a micro-batch of the run.
  struct MicroBatch {
    std::vector<Row> rows;
    int64_t number = 0;     // of the run's micro-batches, from 0
    int64_t first_row = 0;  // place of rows[0] among all members' rows
    int64_t rows_in_all = 0;
    // Rows that are compared with each other and are fewer than there are members: rank 0 has all.
    bool undivided = false;
  };
  std::vector<at::Tensor> Leaves() const;
  Result<MicroBatch> TakeMicroBatch(int64_t number) const;
  Pass PassOf(int64_t micro_batch, int64_t row, Dropout* dropout) const;
  Result<double> Backward(std::span<const Row> rows, int64_t micro_batch, int64_t first_row,
                          std::span<const double> items);
  Result<double> BackwardByRow(const MicroBatch& batch, std::span<const double> items);
  Result<double> BackwardPairs(const MicroBatch& batch, double items);
  // `before` and then the gradients that the leaves have now, added to them.
  static void AddGradients(const std::vector<at::Tensor>& leaves, std::vector<at::Tensor> before);
  Result<double> AllBackward(const std::vector<MicroBatch>& micro_batches,
                             std::span<const double> items);
  Status Update(StepResult& result);
  Status NotFinite(const std::vector<MicroBatch>& micro_batches, std::string_view what);
  void ClearGradients();

  const Recipe recipe_;
  const Options options_;
  const BaseModel base_;
  const Data data_;
  Members alone_;
  Members* const members_;
  const Objective objective_;
  mutable RowOrder order_;
  TransformerModule module_;
  std::optional<TransformerModule> reference_;  // of preference without adapters
  std::optional<AdapterSet> adapter_;
  std::vector<Trainable> trainables_;
  std::optional<Optimizer> optimizer_;
  LossScaler scaler_;
  int64_t step_ = 0, step_count_ = 0;
  int64_t updates_ = 0;          // steps that were not skipped
  int64_t skipped_in_a_row_ = 0;
  int64_t rows_in_all_ = 0;      // places of all passes that the run looks at; 0: no end
  Best best_;
  bool keep_gradients_ = false;
  std::vector<at::Tensor> last_gradients_;
};

}  // namespace pano::train
