// Ranks meet in one object. A call posts the rank's memory, waits until all ranks have posted, does
// its share of the work straight on the memory of the others, and waits until all have done theirs.
// Rank r sums slice r of the elements over all ranks, in the order of the ranks, and writes the
// sums to everybody: no slice is touched by two threads, and the order never depends on who came
// first.
#include "infra/collective/in_process.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace pano::collective {
namespace {

enum class Operation { kAllReduceSum, kAllGather, kBroadcast };

// What a rank brings to a call; all have to agree about all but the memory.
struct Call {
  Operation operation = Operation::kAllReduceSum;
  size_t count = 0;  // elements
  int root = 0;
  const float* in = nullptr;
  float* out = nullptr;
  bool AgreesWith(const Call& other) const {
    return operation == other.operation && count == other.count && root == other.root;
  }
};

// Thread-safe.
class Meeting {
 public:
  explicit Meeting(int size) : calls_(static_cast<size_t>(size)) {}

  int size() const { return static_cast<int>(calls_.size()); }

  // Waits until every rank has posted a call; `calls()` may be read from then until Leave.
  Status Join(int rank, const Call& call) PANO_EXCLUDES(mu_) {
    MutexLock lock(mu_);
    if (!failure_.ok()) return failure_;
    calls_[static_cast<size_t>(rank)] = call;
    if (++arrived_ == calls_.size()) {
      for (const Call& other : calls_) {
        if (!other.AgreesWith(calls_.front()))
          Fail(Internal("[collective] ranks call differently"));
      }
      if (!failure_.ok()) return failure_;
      OpenNext();
      return {};
    }
    return WaitFor(phase_);
  }

  // Waits until every rank has done its share.
  Status Leave() PANO_EXCLUDES(mu_) {
    MutexLock lock(mu_);
    // A rank that aborts after this point may not free memory that others still read: so a failure
    // does not end the wait of those whose partners are at work. All of them arrive.
    if (++arrived_ == calls_.size()) {
      OpenNext();
      return {};
    }
    const uint64_t phase = phase_;
    while (phase_ == phase) changed_.Wait(mu_);
    return {};
  }

  void Abort(Status reason) PANO_EXCLUDES(mu_) {
    MutexLock lock(mu_);
    Fail(std::move(reason));
  }

  const std::vector<Call>& calls() const { return calls_; }

 private:
  void Fail(Status reason) PANO_REQUIRES(mu_) {
    PANO_CHECK(!reason.ok());
    if (failure_.ok()) failure_ = std::move(reason);
    changed_.NotifyAll();
  }
  void OpenNext() PANO_REQUIRES(mu_) {
    arrived_ = 0;
    ++phase_;
    changed_.NotifyAll();
  }
  Status WaitFor(uint64_t phase) PANO_REQUIRES(mu_) {
    while (phase_ == phase && failure_.ok()) changed_.Wait(mu_);
    // The call was complete before the group failed: it goes through.
    return phase_ != phase ? Status() : failure_;
  }

  Mutex mu_;
  CondVar changed_;
  // Written under mu_ before a phase opens, read without it while that phase lasts.
  std::vector<Call> calls_;
  size_t arrived_ PANO_GUARDED_BY(mu_) = 0;
  uint64_t phase_ PANO_GUARDED_BY(mu_) = 0;
  Status failure_ PANO_GUARDED_BY(mu_);
};

class InProcessRank final : public Communicator {
 public:
  InProcessRank(std::shared_ptr<Meeting> meeting, int rank)
      : meeting_(std::move(meeting)), rank_(rank) {}
  ~InProcessRank() override {
    meeting_->Abort(
        Status(StatusCode::kUnavailable, StrCat("[collective] rank ", rank_, " has gone")));
  }

  int rank() const override { return rank_; }
  int size() const override { return meeting_->size(); }

  Status AllReduceSum(std::span<float> data) override {
    PANO_RETURN_IF_ERROR(meeting_->Join(
        rank_, {Operation::kAllReduceSum, data.size(), 0, data.data(), data.data()}));
    const std::vector<Call>& calls = meeting_->calls();
    const size_t ranks = calls.size(), own = static_cast<size_t>(rank_);
    for (size_t i = data.size() * own / ranks; i < data.size() * (own + 1) / ranks; ++i) {
      float sum = calls[0].in[i];
      for (size_t r = 1; r < ranks; ++r) sum += calls[r].in[i];
      for (const Call& call : calls) call.out[i] = sum;
    }
    return meeting_->Leave();
  }

  Status AllGather(std::span<const float> local, std::span<float> all) override {
    if (all.size() != local.size() * static_cast<size_t>(size())) {
      return FailAll(Internal(StrCat("[collective] all-gather of ", local.size(), " values by ",
                                     size(), " ranks into ", all.size())));
    }
    PANO_RETURN_IF_ERROR(
        meeting_->Join(rank_, {Operation::kAllGather, local.size(), 0, local.data(), all.data()}));
    size_t at = 0;
    for (const Call& call : meeting_->calls()) {
      std::copy_n(call.in, local.size(), all.data() + at);
      at += local.size();
    }
    return meeting_->Leave();
  }

  Status Broadcast(std::span<float> data, int root) override {
    if (root < 0 || root >= size()) {
      return FailAll(
          Internal(StrCat("[collective] broadcast from rank ", root, " of ", size())));
    }
    PANO_RETURN_IF_ERROR(meeting_->Join(
        rank_, {Operation::kBroadcast, data.size(), root, data.data(), data.data()}));
    if (root != rank_) {
      std::copy_n(meeting_->calls()[static_cast<size_t>(root)].in, data.size(), data.data());
    }
    return meeting_->Leave();
  }

  void Abort(Status reason) override { meeting_->Abort(std::move(reason)); }

 private:
  Status FailAll(const Status& status) {
    meeting_->Abort(status);
    return status;
  }

  const std::shared_ptr<Meeting> meeting_;
  const int rank_;
};

}  // namespace

std::vector<std::unique_ptr<Communicator>> CreateInProcessGroup(int size) {
  PANO_CHECK(size >= 1);
  auto meeting = std::make_shared<Meeting>(size);
  std::vector<std::unique_ptr<Communicator>> ranks;
  for (int rank = 0; rank < size; ++rank) {
    ranks.push_back(std::make_unique<InProcessRank>(meeting, rank));
  }
  return ranks;
}

}  // namespace pano::collective
