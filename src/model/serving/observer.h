#pragma once

#include <array>
#include <cstddef>

#include "base/metrics.h"
#include "model/serving/end_reason.h"
#include "model/serving/rejection_reason.h"

namespace pano::serving {

// The series that a service counts in while it runs: handles, whose owner names them. A null one is
// not counted; all outlive the service.
struct Observer {
  Histogram* queue_seconds = nullptr;  // from Submit to the first step with the request
  Histogram* step_seconds = nullptr;
  Histogram* step_tokens = nullptr;
  Histogram* step_rows = nullptr;
  std::array<Counter*, kEndReasons> cancellations = {};     // by EndReason
  std::array<Counter*, kRejectionReasons> rejections = {};  // by RejectionReason

  static void Observe(Histogram* histogram, double value) {
    if (histogram != nullptr) histogram->Observe(value);
  }
  void Count(EndReason reason) const { Add(cancellations[static_cast<size_t>(reason)]); }
  void Count(RejectionReason reason) const { Add(rejections[static_cast<size_t>(reason)]); }

 private:
  static void Add(Counter* counter) {
    if (counter != nullptr) counter->Add();
  }
};

}  // namespace pano::serving
