#pragma once

#include <cstdint>
#include <optional>

#include "base/json.h"
#include "base/result.h"

namespace pano::train {

// What the evaluations of a run have shown so far: which was best, and whether to stop. A smaller
// loss is better. Thread-compatible.
class Evaluations {
 public:
  // Notes the loss after `step`; whether it is the best so far. What is no number never is.
  bool Add(int64_t step, double loss);
  // `patience` evaluations in a row were no better than the best; 0: never.
  bool ShouldStop(int64_t patience) const { return patience > 0 && since_best_ >= patience; }

  int64_t best_step() const { return best_step_; }  // -1: none yet
  std::optional<double> best_loss() const { return best_loss_; }
  int64_t since_best() const { return since_best_; }

  // To the bit, for progress.json.
  json::Value ToJson() const;
  static Result<Evaluations> FromJson(const json::Value& value);

 private:
  int64_t best_step_ = -1;
  std::optional<double> best_loss_;
  int64_t since_best_ = 0;
};

}  // namespace pano::train
