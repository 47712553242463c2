#include "model/train/run/record/evaluations.h"

#include <cmath>

#include "base/strings.h"

namespace pano::train {

bool Evaluations::Add(int64_t step, double loss) {
  if (std::isfinite(loss) && (!best_loss_ || loss < *best_loss_)) {
    best_loss_ = loss;
    best_step_ = step;
    since_best_ = 0;
    return true;
  }
  ++since_best_;
  return false;
}

json::Value Evaluations::ToJson() const {
  json::Value out;
  out.Set("best_step", best_step_);
  out.Set("best_loss", best_loss_ ? json::Value(*best_loss_) : json::Value());
  out.Set("since_best", since_best_);
  return out;
}

Result<Evaluations> Evaluations::FromJson(const json::Value& value) {
  Evaluations out;
  const json::Value* step = value.Find("best_step");
  const json::Value* loss = value.Find("best_loss");
  const json::Value* since = value.Find("since_best");
  if (!step || !step->is_int() || step->as_int() < -1) {
    return Corruption("evaluations: 'best_step' is no step");
  }
  if (!loss || !(loss->is_null() || loss->is_number()) ||
      loss->is_null() != (step->as_int() < 0)) {
    return Corruption("evaluations: 'best_loss' does not go with 'best_step'");
  }
  if (!since || !since->is_int() || since->as_int() < 0) {
    return Corruption("evaluations: 'since_best' is no count");
  }
  out.best_step_ = step->as_int();
  if (!loss->is_null()) out.best_loss_ = loss->as_double();
  out.since_best_ = since->as_int();
  return out;
}

}  // namespace pano::train
