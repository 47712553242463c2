#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "app/quota/admission.h"

namespace pano::quota {

// What every subject has used. Their number is bounded: subjects that used nothing within a window and
// have no request open are forgotten when room is needed; while there is none, newcomers of a tenant
// share one more, "(others)", under their own limits, so that none gets more for being many.
// Thread-compatible.
class UsageTable {
 public:
  static constexpr size_t kSubjectsMax = 16'384;
  static constexpr const char* kOthers = "(others)";

  explicit UsageTable(size_t subjects_max = kSubjectsMax) : subjects_max_(subjects_max) {}

  // The subject's usage at `now_ms`, and the name that it is kept by. The reference holds until the
  // next call of Find.
  struct Found {
    std::string_view subject;
    Usage& usage;
  };
  Found Find(std::string_view subject, int64_t now_ms);
  // Null when it has used nothing that is remembered.
  Usage* Look(std::string_view subject, int64_t now_ms);

  size_t size() const { return usages_.size(); }
  // Whether a newcomer would be one of "(others)".
  bool full() const { return usages_.size() >= subjects_max_; }

 private:
  void ForgetIdle(int64_t now_ms);

  // Between two looks at everybody.
  static constexpr int64_t kForgetEveryMs = 1000;
  const size_t subjects_max_;
  std::unordered_map<std::string, Usage> usages_;
  int64_t forgot_ms_ = INT64_MIN / 2;
};

}  // namespace pano::quota
