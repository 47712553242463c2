#include "model/grammar/stack_frame.h"

#include <algorithm>
#include <bit>
#include <memory>

namespace pano::grammar {

const StackFrame* BottomFrame() {
  static const auto bottom = [] {
    auto frame = std::make_unique<StackFrame>();
    frame->hash = {0x243F6A8885A308D3u, 0x13198A2E03707344u};   // digits of pi
    frame->references = 1;
    return frame;
  }();
  return bottom.get();
}

void Acquire(const StackFrame* frame) { frame->references.fetch_add(1, std::memory_order_relaxed); }

void Release(const StackFrame* frame) {
  std::vector<std::unique_ptr<const StackFrame>> dead;
  const auto drop = [&](const StackFrame* dropped) {
    if (dropped->references.fetch_sub(1, std::memory_order_acq_rel) == 1) dead.emplace_back(dropped);
  };
  drop(frame);
  while (!dead.empty()) {
    const std::unique_ptr<const StackFrame> next = std::move(dead.back());
    dead.pop_back();
    for (const StackFrame::Return& each : next->returns) drop(each.below);
  }
}

StackFrame::Hash Combine(const StackFrame::Hash& hash, uint64_t value) {
  const auto lane = [value](uint64_t seed, uint64_t multiplier) {
    uint64_t x = (seed ^ value) * multiplier;
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    return std::rotl(x ^ (x >> 32), 23) + seed;
  };
  return {lane(hash[0], 0x9E3779B97F4A7C15u), lane(hash[1], 0xC2B2AE3D27D4EB4Fu)};
}

void Seal(StackFrame& frame) {
  using Return = StackFrame::Return;
  if (frame.returns.size() > 1) {
    std::sort(frame.returns.begin(), frame.returns.end(), [](const Return& a, const Return& b) {
      return a.state != b.state ? a.state < b.state : a.below->hash < b.below->hash;
    });
    const auto same = [](const Return& a, const Return& b) {
      return a.state == b.state && a.below->hash == b.below->hash;
    };
    frame.returns.erase(std::unique(frame.returns.begin(), frame.returns.end(), same),
                        frame.returns.end());
  }
  StackFrame::Hash hash = {1, 2};
  for (const Return& each : frame.returns) {
    hash = Combine(hash, each.state);
    hash = Combine(hash, each.below->hash[0]);
    hash = Combine(hash, each.below->hash[1]);
  }
  frame.hash = hash;
}

}  // namespace pano::grammar
