#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "model/train/data/row.h"
#include "model/train/recipe/recipe.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// What a task makes smaller. Immutable, so thread-safe.
class Objective {
 public:
  // Of the recipe's task, its numbers and its heads. REQUIRES: a module whose heads are the task's.
  explicit Objective(const Recipe& recipe);

  // What the losses of a step's rows are divided by: labels that count (causal_lm, chat, masked_lm,
  // token_classification), else rows. With several heads one number each.
  std::vector<double> Items(std::span<const Row> rows) const;

  // The loss of `rows`, which are some of a step whose items together are `items`: the losses of
  // the parts of a step add up to the step's. `reference`: of preference, the model at its start,
  // which may be `module` itself with adapters; null elsewhere.
  at::Tensor Loss(const TransformerModule& module, std::span<const Row> rows,
                  std::span<const double> items, const Pass& pass,
                  const TransformerModule* reference) const;

  // Embedding alone: the loss lies between rows, so they are encoded first, [rows, columns, size]
  // of unit length, and compared with each other then.
  bool compares_rows() const { return task_ == Task::kEmbedding; }
  at::Tensor Encode(const TransformerModule& module, std::span<const Row> rows,
                    const Pass& pass) const;
  at::Tensor PairLoss(const at::Tensor& encoded, double items) const;

 private:
  at::Tensor CausalLoss(const TransformerModule& module, std::span<const Row> rows, double items,
                        const Pass& pass) const;
  at::Tensor PreferenceLoss(const TransformerModule& module, std::span<const Row> rows,
                            double items, const Pass& pass,
                            const TransformerModule& reference) const;
  at::Tensor HeadsLoss(const TransformerModule& module, std::span<const Row> rows,
                       std::span<const double> items, const Pass& pass) const;

  struct HeadLoss {
    bool tokens = false;  // a label a token
    double weight = 1;
  };
  Task task_;
  double dpo_beta_, scale_;
  bool cls_;
  bool several_ = false;          // labels are Row::heads
  std::vector<HeadLoss> heads_;  // of the encoder's heads in their order
};

}  // namespace pano::train
