#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "model/serving/observer.h"

namespace pano::serving::testing {

// Keeps what is observed, in order. Thread-safe.
class RecordingHistogram final : public Histogram {
 public:
  void Observe(double value) override {
    MutexLock lock(mu_);
    values_.push_back(value);
  }
  std::vector<double> values() const {
    MutexLock lock(mu_);
    return values_;
  }
  size_t count() const { return values().size(); }
  double sum() const {
    double sum = 0;
    for (double value : values()) sum += value;
    return sum;
  }

 private:
  mutable Mutex mu_;
  std::vector<double> values_ PANO_GUARDED_BY(mu_);
};

// Keeps the names of what is counted, in order. Thread-safe.
class NameList {
 public:
  void Add(const char* name) {
    MutexLock lock(mu_);
    names_.emplace_back(name);
  }
  std::vector<std::string> names() const {
    MutexLock lock(mu_);
    return names_;
  }
  size_t count() const { return names().size(); }
  size_t count(const std::string& name) const {
    size_t count = 0;
    for (const std::string& each : names()) count += each == name ? 1 : 0;
    return count;
  }

 private:
  mutable Mutex mu_;
  std::vector<std::string> names_ PANO_GUARDED_BY(mu_);
};

// An Observer that remembers everything. Outlives the service. Thread-safe.
class RecordingObserver {
 public:
  RecordingObserver() {
    for (size_t i = 0; i < kEndReasons; ++i) {
      ended_by_[i] = {&ended, EndReasonName(static_cast<EndReason>(i))};
    }
    for (size_t i = 0; i < kRejectionReasons; ++i) {
      rejected_by_[i] = {&rejected, RejectionReasonName(static_cast<RejectionReason>(i))};
    }
  }
  RecordingObserver(const RecordingObserver&) = delete;
  RecordingObserver& operator=(const RecordingObserver&) = delete;

  Observer observer() {
    Observer observer;
    observer.queue_seconds = &queue_seconds;
    observer.step_seconds = &step_seconds;
    observer.step_tokens = &step_tokens;
    observer.step_rows = &step_rows;
    for (size_t i = 0; i < kEndReasons; ++i) observer.cancellations[i] = &ended_by_[i];
    for (size_t i = 0; i < kRejectionReasons; ++i) observer.rejections[i] = &rejected_by_[i];
    return observer;
  }

  RecordingHistogram queue_seconds;
  RecordingHistogram step_seconds;
  RecordingHistogram step_tokens;
  RecordingHistogram step_rows;
  NameList ended;     // names of EndReason
  NameList rejected;  // names of RejectionReason

 private:
  struct NameCounter final : Counter {
    NameCounter() = default;
    NameCounter(NameList* to, const char* as) : list(to), name(as) {}
    void Add(double) override { list->Add(name); }
    NameList* list = nullptr;
    const char* name = "";
  };
  NameCounter ended_by_[kEndReasons];
  NameCounter rejected_by_[kRejectionReasons];
};

}  // namespace pano::serving::testing
