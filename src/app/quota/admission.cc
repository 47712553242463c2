#include "app/quota/admission.h"

#include <algorithm>

#include "base/check.h"

namespace pano::quota {

void Usage::Advance(int64_t now_ms) {
  for (SlidingWindow& window : windows) window.Advance(now_ms);
}

bool Usage::idle() const {
  return concurrent == 0 && std::ranges::all_of(windows, [](const auto& w) { return w.empty(); });
}

int64_t NeedOf(Dimension dimension, int64_t tokens, int64_t limit) {
  return CountsTokens(dimension) ? std::min(tokens, limit) : 1;
}

std::vector<Standing> Stand(std::span<const Claim> claims, std::span<const Usage* const> usages,
                            int64_t now_ms) {
  PANO_CHECK(claims.size() == usages.size());
  std::vector<Standing> standings;
  for (size_t i = 0; i < claims.size(); ++i) {
    for (size_t d = 0; d < kDimensions; ++d) {
      const auto dimension = static_cast<Dimension>(d);
      const std::optional<int64_t>& limit = claims[i].limits[dimension];
      if (!limit) continue;
      Standing standing{.claim = i, .dimension = dimension, .limit = *limit};
      if (dimension == Dimension::kConcurrent) {
        standing.used = usages[i]->concurrent;
        standing.reset_ms = standing.used > 0 ? usages[i]->mean_duration_ms : 0;
      } else {
        standing.used = usages[i]->of(dimension).sum();
        standing.reset_ms = usages[i]->of(dimension).MsUntil(now_ms, 0);
      }
      standings.push_back(standing);
    }
  }
  return standings;
}

std::optional<Refusal> Decide(std::span<const Claim> claims, std::span<const Usage* const> usages,
                              int64_t tokens, int64_t now_ms) {
  std::optional<Refusal> refusal;
  for (const Standing& standing : Stand(claims, usages, now_ms)) {
    const int64_t need = NeedOf(standing.dimension, tokens, standing.limit);
    // A limit of nothing is met by no wait.
    const int64_t room = standing.limit - need;
    if (room >= 0 && standing.used <= room && standing.limit > 0) continue;
    const Usage& usage = *usages[standing.claim];
    int64_t wait = kMinute.slot_ms * kMinute.slots;
    if (standing.limit > 0) {
      wait = standing.dimension == Dimension::kConcurrent
                 ? std::max<int64_t>(1000, usage.mean_duration_ms / standing.limit)
                 : usage.of(standing.dimension).MsUntil(now_ms, room);
    }
    if (!refusal || wait > refusal->wait_ms) refusal = Refusal{standing, wait};
  }
  return refusal;
}

}  // namespace pano::quota
