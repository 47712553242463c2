#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "model/nn/encoder/encoder.h"

namespace pano::batch {

// The rows of each output in the order of the request.
struct Predicted {
  std::vector<encoder::Output> outputs;
  double queue_ms = 0;  // submitted to the first batch with a row of it
  double total_ms = 0;  // submitted to done

  const encoder::Output* Find(std::string_view name) const;
};

// What Submit hands out: the answer, once it is there. Thread-safe.
class Prediction {
 public:
  // Reader's side. Nothing until it is done; the answer goes to the first who takes it.
  std::optional<Result<Predicted>> TryTake();
  // Blocks. For callers with a thread.
  Result<Predicted> Take();
  // `notify` is called once it is done (from the predictor's thread, without locks held), or at
  // once when it is already. It must return quickly.
  void SetNotify(std::function<void()> notify);
  // Nobody is interested any more: it ends before the next batch.
  void Cancel();

  // Predictor's side.
  bool cancelled() const;
  void Finish(Result<Predicted> answer);  // the first call wins
  // `wake` is called when it is cancelled. Set before the reader gets it.
  void SetWake(std::function<void()> wake) { wake_ = std::move(wake); }

 private:
  std::function<void()> wake_;

  mutable Mutex mu_;
  CondVar done_changed_;
  bool done_ PANO_GUARDED_BY(mu_) = false;
  bool cancelled_ PANO_GUARDED_BY(mu_) = false;
  std::optional<Result<Predicted>> answer_ PANO_GUARDED_BY(mu_);
  std::function<void()> notify_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::batch
