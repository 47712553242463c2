#include "infra/sim/network_simulation.h"

#include <algorithm>

#include "base/strings.h"

namespace pano::sim {

void NetworkSimulation::StartTimer(Time after, uint64_t tag) { due_.Push(now_ + after, {tag, kNoMessage}); }

void NetworkSimulation::Send(Time delay, const Route& route, double bytes, uint64_t tag, double cap) {
  uint32_t index = static_cast<uint32_t>(messages_.size());
  if (free_messages_.empty()) {
    messages_.emplace_back();
  } else {
    index = free_messages_.back();
    free_messages_.pop_back();
  }
  messages_[index] = {route, bytes, cap, tag};
  due_.Push(now_ + delay, {tag, index});
}

Status NetworkSimulation::Run(World& world, const RunLimits& limits) {
  while (true) {
    network_.Settle(now_);
    const Time next = std::min(due_.next_time(), network_.next_end());
    if (next == kNever) break;
    now_ = std::max(now_, next);
    ended_.clear();
    network_.TakeEnded(now_, ended_);
    for (const FlowNetwork::Ended& ended : ended_) world.OnArrival(ended.tag);
    events_ += static_cast<int64_t>(ended_.size());
    const Time until = EndOfMoment(now_);
    while (due_.next_time() <= until) {
      const Due due = due_.Pop().payload;
      ++events_;
      if (due.message == kNoMessage) {
        world.OnTimer(due.tag);
        continue;
      }
      const Message& message = messages_[due.message];
      network_.Start(now_, message.route.path(), message.bytes, message.cap, message.tag);
      free_messages_.push_back(due.message);
    }
    if (events_ > limits.events || network_.work() > limits.rates) {
      return Status(StatusCode::kExhausted,
                    StrCat("[sim] gave up after ", events_, " events and ", network_.work(), " rates at ", now_,
                           " s: the run is too large to be simulated message by message"));
    }
  }
  if (network_.active() > 0) {
    return Status(StatusCode::kUnavailable,
                  StrCat("[sim] at ", now_, " s ", network_.active(), " messages are left that no link carries"));
  }
  return {};
}

}  // namespace pano::sim
