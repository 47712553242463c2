#include "model/train/parallel/bucket_reducer.h"

#include <algorithm>

#include "base/check.h"
#include "base/threads.h"

namespace pano::train {

BucketReducer::BucketReducer(collective::Communicator* group, std::vector<int64_t> sizes,
                             Options options)
    : group_(group), places_(sizes.size()), ready_(sizes.size()) {
  // From the last parameter on, as the backward pass comes to them.
  for (size_t i = sizes.size(); i-- > 0;) {
    const auto size = static_cast<size_t>(sizes[i]);
    const size_t limit = options.bucket_bytes / sizeof(float);
    if (buckets_.empty() ||
        (!buckets_.back().values.empty() && buckets_.back().values.size() + size > limit)) {
      buckets_.emplace_back();
    }
    Bucket& bucket = buckets_.back();
    places_[i] = {buckets_.size() - 1, bucket.values.size(), size};
    bucket.parameters.push_back(i);
    bucket.values.resize(bucket.values.size() + size);
  }
  thread_ = StartThread("pano-gradients",
                        [this](const std::stop_token& stop) { ReduceLoop(stop); });
}

BucketReducer::~BucketReducer() {
  MutexLock lock(mu_);
  ends_ = true;
  changed_.NotifyAll();
}

void BucketReducer::Begin() {
  MutexLock lock(mu_);
  PANO_CHECK(!running_);
  ready_.assign(places_.size(), false);
  for (Bucket& bucket : buckets_) {
    bucket.missing = bucket.parameters.size();
    std::ranges::fill(bucket.values, 0.0F);
  }
  next_ = 0;
  failure_ = {};
  running_ = true;
}

void BucketReducer::Ready(size_t index, std::span<const float> gradient) {
  const Place& place = places_[index];
  PANO_CHECK(gradient.empty() || gradient.size() == place.size);
  Bucket& bucket = buckets_[place.bucket];
  {
    MutexLock lock(mu_);
    PANO_CHECK(running_);
    if (ready_[index]) return;
    ready_[index] = true;
  }
  // Nobody else touches these values until the parameter counts as ready.
  std::ranges::copy(gradient, bucket.values.begin() + static_cast<std::ptrdiff_t>(place.offset));
  MutexLock lock(mu_);
  if (--bucket.missing == 0) changed_.NotifyAll();
}

void BucketReducer::ReduceLoop(const std::stop_token&) {
  while (true) {
    size_t index;
    {
      MutexLock lock(mu_);
      while (!ends_ && !(running_ && failure_.ok() && next_ < buckets_.size() &&
                         buckets_[next_].missing == 0)) {
        changed_.Wait(mu_);
      }
      if (ends_) return;
      index = next_;
    }
    Status status = group_->AllReduceSum(buckets_[index].values);
    MutexLock lock(mu_);
    ++next_;
    if (!status.ok() && failure_.ok()) failure_ = std::move(status);
    changed_.NotifyAll();
  }
}

Status BucketReducer::Finish() {
  {
    MutexLock lock(mu_);
    overlapped_ = next_;
  }
  for (size_t i = 0; i < places_.size(); ++i) {
    bool missing;
    {
      MutexLock lock(mu_);
      missing = !ready_[i];
    }
    if (missing) Ready(i, {});
  }
  MutexLock lock(mu_);
  while (failure_.ok() && next_ < buckets_.size()) changed_.Wait(mu_);
  running_ = false;
  return failure_;
}

std::span<const float> BucketReducer::reduced(size_t index) const {
  const Place& place = places_[index];
  return std::span(buckets_[place.bucket].values).subspan(place.offset, place.size);
}

}  // namespace pano::train
