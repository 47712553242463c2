#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "model/batch/batching.h"
#include "model/batch/predict_request.h"
#include "model/batch/prediction.h"
#include "model/nn/encoder/encoder.h"
#include "model/serving/fixed_batch_policy.h"
#include "model/serving/observer.h"
#include "model/serving/service.h"

namespace pano::batch {

struct PredictorOptions {
  serving::FixedBatchOptions batch;
  int64_t queue_max = 256;  // waiting requests; one more is refused at once
  RequestLimits limits;
};

// One thread that owns an encoder and computes what many callers ask for in batches. Its rows are
// rows of inputs, its steps batches, all of its tokens are input. Destruction ends what waits as
// Unavailable. Thread-safe.
class Predictor : public serving::Service {
 public:
  // `clock` (and the pool that the encoder computes with) outlive the predictor. A null
  // `policy` is a DynamicBatchPolicy by the options, which SetBatching changes. InvalidArgument for options that make no sense.
  static Result<std::unique_ptr<Predictor>> Create(
      std::unique_ptr<encoder::Encoder> encoder, PredictorOptions options,
      const serving::Observer& observer = {}, std::unique_ptr<serving::BatchPolicy> policy = nullptr,
      Clock& clock = Clock::Real());

  // Answers at once. InvalidArgument (see CheckRequest, and for a priority that the model does not
  // have), Exhausted (the queue, or that of its priority level, is full), Unavailable
  // (draining), AlreadyExists (a request with this id is in). The answer's own failures are Deadline,
  // Cancelled, Unavailable (shutdown) and what the encoder says. When the last copy of the pointer
  // goes, the request is cancelled.
  virtual Result<std::shared_ptr<Prediction>> Submit(PredictRequest request) = 0;
  virtual const encoder::EncoderInfo& info() const = 0;
  // How batches are formed from now on; what waits is looked at anew. Without effect where Create was
  // given a policy.
  virtual void SetBatching(const Batching& batching) { static_cast<void>(batching); }
};

}  // namespace pano::batch
