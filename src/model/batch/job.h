#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "model/batch/predict_request.h"
#include "model/batch/prediction.h"
#include "model/nn/encoder/encoder.h"
#include "model/serving/batch_policy.h"

namespace pano::batch {

// A request on its way through the batches, unit by unit: a unit is a row, or all rows of a request
// whose rows look at each other. Units are taken in order and come back in any order. The queue's
// lock guards what is taken, the loop's thread has the rest.
class Job {
 public:
  Job(std::string id, PredictRequest request, TimePoint submitted);

  const std::string& id() const { return id_; }
  const std::shared_ptr<Prediction>& prediction() const { return prediction_; }
  const std::optional<TimePoint>& deadline() const { return request_.deadline; }
  const std::string& tenant() const { return request_.tenant; }
  double weight() const { return request_.weight; }
  TimePoint submitted() const { return submitted_; }
  int64_t tokens() const { return tokens_; }
  // Those that are wanted; empty: all.
  const std::vector<std::string>& outputs() const { return request_.inputs.outputs; }

  size_t units() const { return units_; }
  size_t next() const { return next_; }  // the first unit that was not taken
  bool all_taken() const { return next_ == units_; }
  void TakeUntil(size_t unit) { next_ = unit; }
  serving::WaitingItem Unit(size_t unit) const;

  // Whether units of both may share a batch.
  bool Matches(const Job& other) const;

  // Moves a unit's inputs to the end of `batch`. Once a unit.
  void MoveInputs(size_t unit, encoder::EncoderBatch& batch);
  // Takes a unit's part of what a batch gave: it stood at row `at` there. Internal when it is
  // missing.
  Status TakeOutputs(size_t unit, size_t at, std::vector<encoder::Output>& outputs);

  // `began`: when the first batch with a unit of it was made; later ones change nothing. True: it
  // is the first.
  bool Begin(TimePoint began);
  bool begun() const { return begun_.has_value(); }
  bool complete() const { return units_done_ == units_; }
  bool over() const { return over_; }
  // The answer, once complete, or why there is none. Once.
  void Finish(TimePoint now, const Status& failure);

 private:
  int64_t UnitTokens(size_t unit) const;

  const std::string id_;
  const TimePoint submitted_;
  const std::shared_ptr<Prediction> prediction_ = std::make_shared<Prediction>();
  PredictRequest request_;
  bool together_ = false;
  size_t units_ = 0;
  size_t unit_rows_ = 1;
  bool has_texts_ = false, has_decoder_ = false;
  std::vector<int64_t> unit_tokens_;
  int64_t tokens_ = 0;

  size_t next_ = 0;
  size_t units_done_ = 0;
  bool over_ = false;
  std::optional<TimePoint> begun_;
  std::vector<encoder::Output> outputs_;
};

using JobPtr = std::shared_ptr<Job>;

// Consecutive units of a job that go into one batch.
struct Slice {
  JobPtr job;
  size_t begin = 0;
  size_t end = 0;
};

}  // namespace pano::batch
