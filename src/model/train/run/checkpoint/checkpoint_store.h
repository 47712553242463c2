#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/env.h"
#include "base/mutex.h"
#include "base/result.h"
#include "model/train/run/checkpoint/contents.h"
#include "model/train/run/checkpoint/stored_checkpoint.h"

namespace pano::train {

// How the writing of one checkpoint ended.
struct CheckpointOutcome {
  int64_t step = 0;
  std::string folder;  // .../step-N
  uint64_t bytes = 0;
  double seconds = 0;  // from the copy to the name
  Status status;       // not ok: the checkpoints before it stand
};

// The checkpoints of one run: OUT/checkpoints/step-N, each whole or not there. Save copies the state
// and goes back to training while a thread writes; one is in flight at a time. Thread-compatible;
// `report` is called from the writer's thread.
class CheckpointStore {
 public:
  struct Options {
    std::string folder;  // OUT/checkpoints; made when absent, the folder above must exist
    int64_t keep = 2;    // so many of the newest stay, and the best
    // A larger state is written at once, from where it lies: training waits, and no memory is taken
    // for a copy of it.
    uint64_t copy_bytes_max = uint64_t{2} << 30;
    std::function<void(const CheckpointOutcome&)> report = {};
    Env* env = &Env::Real();
  };

  // Removes what a killed run left unfinished. REQUIRES: no other run writes there.
  static Result<std::unique_ptr<CheckpointStore>> Create(Options options);
  // Waits for the checkpoint in flight.
  ~CheckpointStore();
  CheckpointStore(const CheckpointStore&) = delete;
  CheckpointStore& operator=(const CheckpointStore&) = delete;

  // Waits for the checkpoint in flight, then takes this one; the contents may change once this is
  // back. How writing it ends is `report`'s and Wait's to say: a full disk costs a checkpoint, not
  // the run. InvalidArgument for contents that are none (CheckContents).
  Status Save(const CheckpointContents& contents);
  // Waits until none is in flight. Ok, or why the last one was not written.
  Status Wait();

  // The newest checkpoint that is whole; nothing when there is none. Each newer one that is not is
  // a text in `skipped`, naming folder, file and fault.
  Result<std::optional<StoredCheckpoint>> LatestWhole(std::vector<std::string>* skipped);
  // That of `step`, checked.
  Result<StoredCheckpoint> Open(int64_t step);
  // Whether there is anything that bears a checkpoint's name.
  Result<bool> Empty() const;

 private:
  explicit CheckpointStore(Options options) : options_(std::move(options)) {}
  void WriterLoop(const std::stop_token& stop);
  void Write(const CheckpointContents& contents, TimePoint begin);
  void RemoveOld(const CheckpointContents& contents);
  Result<std::vector<int64_t>> Steps() const;

  const Options options_;
  Mutex mu_;
  CondVar changed_;
  std::unique_ptr<OwnedContents> pending_ PANO_GUARDED_BY(mu_);  // waits for the writer
  TimePoint pending_since_ PANO_GUARDED_BY(mu_);
  bool writing_ PANO_GUARDED_BY(mu_) = false;
  bool ends_ PANO_GUARDED_BY(mu_) = false;
  Status last_ PANO_GUARDED_BY(mu_);
  std::jthread writer_;
};

}  // namespace pano::train
