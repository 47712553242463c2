#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace pano::audit {

// How many denials go into a log, so that nobody can push out what it holds by being refused often: of one source
// a burst and then one in each pause, of all together likewise. The others are counted. Token buckets over a
// bounded number of sources; those beyond share one. Thread-compatible.
class DenialLimit {
 public:
  struct Options {
    int burst = 32;  // of one source
    Duration pause = std::chrono::seconds(10);
    int burst_of_all = 512;
    Duration pause_of_all = std::chrono::seconds(1);
    size_t sources_max = 1024;
  };
  DenialLimit() : DenialLimit(Options()) {}
  explicit DenialLimit(Options options) : options_(options) {}

  // Whether a denial of this source is written: how many of it were left out since the last that was.
  // Nothing: it is left out.
  std::optional<int64_t> Admit(std::string_view source, TimePoint now);

  // How many were left out and not told by Admit since this was asked last, of how many sources.
  struct LeftOut {
    int64_t events = 0;
    int64_t sources = 0;
  };
  LeftOut TakeLeftOut();
  bool has_left_out() const { return left_out_ > 0; }

 private:
  struct Bucket {
    double tokens = 0;
    TimePoint at = {};
    int64_t left_out = 0;
  };
  static bool Take(Bucket& bucket, int burst, Duration pause, TimePoint now);
  Bucket& BucketOf(std::string_view source, TimePoint now);

  const Options options_;
  std::map<std::string, Bucket, std::less<>> sources_;
  std::optional<Bucket> all_;
  int64_t left_out_ = 0;  // the sum over sources
};

}  // namespace pano::audit
