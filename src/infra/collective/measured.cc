#include "infra/collective/measured.h"

#include <array>
#include <string>
#include <utility>

namespace pano::collective {
namespace {

// From a reduction within one machine's caches to one over a slow network.
constexpr std::array<double, 13> kSeconds = {1e-6,   2.5e-6, 1e-5, 2.5e-5, 1e-4, 2.5e-4, 1e-3,
                                             2.5e-3, 1e-2,   0.1,  1,      10,   60};

// The series of one operation.
class Series {
 public:
  Series(MetricRegistry& metrics, const std::string& operation)
      : seconds_(metrics.GetHistogram(
            {"pano_collective_seconds",
             "Time of a collective call, waiting for other ranks included.",
             {{"operation", operation}}},
            kSeconds)),
        bytes_(metrics.GetCounter({"pano_collective_bytes_total",
                                   "Bytes of a rank's operands of collective calls.",
                                   {{"operation", operation}}})),
        failures_(metrics.GetCounter({"pano_collective_failures_total",
                                      "Collective calls that failed.",
                                      {{"operation", operation}}})) {}

  template <typename Call>
  Status Measure(Clock& clock, size_t bytes, const Call& call) {
    const TimePoint start = clock.Now();
    Status status = call();
    seconds_.Observe(Seconds(clock.Now() - start));
    if (status.ok()) {
      bytes_.Add(static_cast<double>(bytes));
    } else {
      failures_.Add();
    }
    return status;
  }

 private:
  Histogram& seconds_;
  Counter& bytes_;
  Counter& failures_;
};

// Confined to the rank's thread, except Abort, as every Communicator.
class MeasuredCommunicator final : public Communicator {
 public:
  MeasuredCommunicator(std::unique_ptr<Communicator> inner, MetricRegistry& metrics, Clock& clock)
      : inner_(std::move(inner)),
        clock_(clock),
        all_reduce_sum_(metrics, "all_reduce_sum"),
        all_gather_(metrics, "all_gather"),
        broadcast_(metrics, "broadcast") {}

  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }

  Status AllReduceSum(std::span<float> data) override {
    return all_reduce_sum_.Measure(clock_, data.size_bytes(),
                                   [&] { return inner_->AllReduceSum(data); });
  }
  Status AllGather(std::span<const float> local, std::span<float> all) override {
    return all_gather_.Measure(clock_, local.size_bytes() + all.size_bytes(),
                               [&] { return inner_->AllGather(local, all); });
  }
  Status Broadcast(std::span<float> data, int root) override {
    return broadcast_.Measure(clock_, data.size_bytes(),
                              [&] { return inner_->Broadcast(data, root); });
  }
  void Abort(Status reason) override { inner_->Abort(std::move(reason)); }

 private:
  const std::unique_ptr<Communicator> inner_;
  Clock& clock_;
  Series all_reduce_sum_;
  Series all_gather_;
  Series broadcast_;
};

}  // namespace

std::unique_ptr<Communicator> Measure(std::unique_ptr<Communicator> inner, MetricRegistry& metrics,
                                      Clock& clock) {
  return std::make_unique<MeasuredCommunicator>(std::move(inner), metrics, clock);
}

}  // namespace pano::collective
