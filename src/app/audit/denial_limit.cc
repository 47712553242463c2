#include "app/audit/denial_limit.h"

#include <algorithm>
#include <utility>

namespace pano::audit {
namespace {

constexpr std::string_view kOthers = "(others)";

}  // namespace

bool DenialLimit::Take(Bucket& bucket, int burst, Duration pause, TimePoint now) {
  const double more = Seconds(now - bucket.at) / Seconds(pause);
  bucket.tokens = std::min<double>(burst, bucket.tokens + more);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

DenialLimit::Bucket& DenialLimit::BucketOf(std::string_view source, TimePoint now) {
  const auto found = sources_.find(source);
  if (found != sources_.end()) return found->second;
  if (sources_.size() >= options_.sources_max) {
    // Those that are as they would be made anew.
    const Duration filled = options_.pause * options_.burst;
    std::erase_if(sources_, [&](const auto& entry) {
      return entry.second.left_out == 0 && now - entry.second.at >= filled;
    });
  }
  const std::string_view name = sources_.size() < options_.sources_max ? source : kOthers;
  return sources_.try_emplace(std::string(name), Bucket{static_cast<double>(options_.burst), now, 0}).first->second;
}

std::optional<int64_t> DenialLimit::Admit(std::string_view source, TimePoint now) {
  if (!all_) all_ = Bucket{static_cast<double>(options_.burst_of_all), now, 0};
  Bucket& bucket = BucketOf(source, now);
  if (Take(bucket, options_.burst, options_.pause, now) &&
      Take(*all_, options_.burst_of_all, options_.pause_of_all, now)) {
    left_out_ -= bucket.left_out;
    return std::exchange(bucket.left_out, 0);
  }
  ++bucket.left_out;
  ++left_out_;
  return std::nullopt;
}

DenialLimit::LeftOut DenialLimit::TakeLeftOut() {
  LeftOut all{.events = std::exchange(left_out_, 0)};
  for (auto& [name, bucket] : sources_) {
    if (std::exchange(bucket.left_out, 0) > 0) ++all.sources;
  }
  return all;
}

}  // namespace pano::audit
