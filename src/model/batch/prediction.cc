#include "model/batch/prediction.h"

#include <algorithm>
#include <utility>

namespace pano::batch {

const encoder::Output* Predicted::Find(std::string_view name) const {
  auto it = std::find_if(outputs.begin(), outputs.end(),
                         [&](const encoder::Output& output) { return output.name == name; });
  return it == outputs.end() ? nullptr : &*it;
}

std::optional<Result<Predicted>> Prediction::TryTake() {
  MutexLock lock(mu_);
  return std::exchange(answer_, std::nullopt);
}

Result<Predicted> Prediction::Take() {
  MutexLock lock(mu_);
  while (!done_) done_changed_.Wait(mu_);
  if (!answer_) return Internal("the answer was taken already");
  return *std::exchange(answer_, std::nullopt);
}

void Prediction::SetNotify(std::function<void()> notify) {
  {
    MutexLock lock(mu_);
    if (!done_) {
      notify_ = std::move(notify);
      return;
    }
  }
  if (notify) notify();
}

void Prediction::Cancel() {
  {
    MutexLock lock(mu_);
    if (done_ || cancelled_) return;
    cancelled_ = true;
  }
  if (wake_) wake_();
}

bool Prediction::cancelled() const {
  MutexLock lock(mu_);
  return cancelled_;
}

void Prediction::Finish(Result<Predicted> answer) {
  std::function<void()> notify;
  {
    MutexLock lock(mu_);
    if (done_) return;
    done_ = true;
    answer_ = std::move(answer);
    notify = std::exchange(notify_, nullptr);
    done_changed_.NotifyAll();
  }
  if (notify) notify();
}

}  // namespace pano::batch
