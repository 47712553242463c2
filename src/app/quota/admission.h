#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/quota/limits.h"
#include "app/quota/sliding_window.h"

namespace pano::quota {

// What a subject has used. A value; thread-compatible.
struct Usage {
  std::array<SlidingWindow, kWindows> windows = {SlidingWindow(kMinute), SlidingWindow(kMinute),
                                                 SlidingWindow(kDay)};
  int64_t concurrent = 0;
  int64_t mean_duration_ms = 1000;  // of its requests, exponentially averaged

  SlidingWindow& of(Dimension d) { return windows[static_cast<size_t>(d)]; }
  const SlidingWindow& of(Dimension d) const { return windows[static_cast<size_t>(d)]; }
  void Advance(int64_t now_ms);
  bool idle() const;  // nothing that has to be remembered
};

// One limit of one subject and how far it is used. What answers tell is made of these. A value.
struct Standing {
  size_t claim = 0;
  Dimension dimension = Dimension::kRequestsPerMinute;
  int64_t limit = 0;
  int64_t used = 0;
  int64_t reset_ms = 0;  // until nothing is used, when nothing is added

  int64_t remaining() const { return limit > used ? limit - used : 0; }
};

// A subject that a request is counted for, and its limits. "acme", "acme/model/starter".
struct Claim {
  std::string subject;
  Limits limits;
};

// What a request needs of each dimension. Of tokens never more than the limit: with nothing used
// every request is taken, and owes what it used beyond.
int64_t NeedOf(Dimension dimension, int64_t tokens, int64_t limit);

// Why a request is not taken, by the limit for which it has to wait longest.
struct Refusal {
  Standing standing;
  int64_t wait_ms = 0;  // then it is taken, when nothing else comes
};

// How all limits of the claims stand. `usages` are those of the claims, advanced to `now_ms`.
std::vector<Standing> Stand(std::span<const Claim> claims, std::span<const Usage* const> usages,
                            int64_t now_ms);

// The decision, a pure function: a request that will use `tokens`, at most as far as is known, is
// taken when it fits into every limit of every claim. None: it is taken.
std::optional<Refusal> Decide(std::span<const Claim> claims, std::span<const Usage* const> usages,
                              int64_t tokens, int64_t now_ms);

}  // namespace pano::quota
