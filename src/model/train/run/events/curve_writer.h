#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/env.h"
#include "base/mutex.h"
#include "model/train/run/events/curve_points.h"
#include "model/train/run/events/event.h"

namespace pano::train {

// Events as curves.csv, a line a step and a line an evaluation, and curves.svg, drawn anew at
// evaluations, checkpoints and the end. Thread-safe.
class CurveWriter final : public EventSink {
 public:
  // Goes on with the curves of `folder` after `step`: lines of later steps, which a run that was
  // resumed from `step` does again, and a line that a killed run left unfinished are dropped.
  static Result<std::unique_ptr<CurveWriter>> Create(std::string folder, int64_t step,
                                                     Env& env = Env::Real());

  Status Write(const Event& event) override;

 private:
  CurveWriter(std::string folder, Env& env) : folder_(std::move(folder)), env_(env) {}
  Status Restore(int64_t step) PANO_REQUIRES(mu_);
  Status Draw() PANO_REQUIRES(mu_);

  const std::string folder_;
  Env& env_;
  Mutex mu_;
  std::unique_ptr<File> csv_ PANO_GUARDED_BY(mu_);
  CurvePoints train_ PANO_GUARDED_BY(mu_), held_out_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::train
