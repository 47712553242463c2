#include "infra/sim/flow_network.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/check.h"

namespace pano::sim {
namespace {

// Rates that differ by less are the same: the flow keeps its time of ending.
constexpr double kSameRate = 1e-14;

}  // namespace

LinkId FlowNetwork::AddLink(double capacity) {
  PANO_CHECK(capacity >= 0);
  links_.emplace_back().capacity = capacity;
  return static_cast<LinkId>(links_.size() - 1);
}

void FlowNetwork::SetCapacity(LinkId link, double capacity) {
  PANO_CHECK(capacity >= 0);
  links_[link].capacity = capacity;
  MarkDirty(link);
}

void FlowNetwork::MarkDirty(LinkId link) {
  if (links_[link].dirty) return;
  links_[link].dirty = true;
  dirty_.push_back(link);
}

FlowId FlowNetwork::Start(Time now, std::span<const LinkId> path, double bytes, double cap, uint64_t tag) {
  PANO_CHECK(bytes >= 0 && cap >= 0 && (!path.empty() || cap < kNoCap));
  FlowId id = static_cast<FlowId>(flows_.size());
  if (free_.empty()) {
    flows_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  Flow& flow = flows_[id];
  flow.path.clear();
  flow.left = bytes;
  flow.rate = 0;
  flow.cap = cap;
  flow.since = now;
  flow.tag = tag;
  flow.end = 0;
  if (bytes == 0) {
    ended_.push_back({now, tag});
    free_.push_back(id);
    return id;
  }
  ++active_;
  for (const LinkId link : path) {
    std::vector<Member>& members = links_[link].flows;
    flow.path.push_back({link, static_cast<uint32_t>(members.size())});
    members.push_back({id, static_cast<uint32_t>(flow.path.size() - 1)});
    MarkDirty(link);
  }
  if (path.empty()) alone_.push_back(id);
  return id;
}

void FlowNetwork::Remove(FlowId id) {
  Flow& flow = flows_[id];
  for (const Hop& hop : flow.path) {
    std::vector<Member>& members = links_[hop.link].flows;
    const Member last = members.back();
    members[hop.index] = last;
    flows_[last.flow].path[last.hop].index = hop.index;
    members.pop_back();
    if (!members.empty()) MarkDirty(hop.link);
  }
  flow.path.clear();
  --active_;
  free_.push_back(id);
}

void FlowNetwork::TakeEnded(Time now, std::vector<Ended>& out) {
  out.insert(out.end(), ended_.begin(), ended_.end());
  ended_.clear();
  const Time until = EndOfMoment(now);
  while (ends_.next_time() <= until) {
    const auto event = ends_.Pop();
    out.push_back({event.time, flows_[event.payload].tag});
    Remove(event.payload);
  }
}

void FlowNetwork::Settle(Time now) {
  for (const FlowId id : alone_) SetRate(id, flows_[id].cap, now);
  alone_.clear();
  if (dirty_.empty()) return;
  ++search_;
  for (const LinkId link : dirty_) {
    links_[link].dirty = false;
    if (links_[link].seen == search_ || links_[link].flows.empty()) continue;
    Collect(link);
    Fill(now);
  }
  dirty_.clear();
}

void FlowNetwork::Collect(LinkId from) {
  found_links_.assign(1, from);
  found_flows_.clear();
  links_[from].seen = search_;
  for (size_t next = 0; next < found_links_.size(); ++next) {
    Link& link = links_[found_links_[next]];
    link.left = link.capacity;
    link.open = static_cast<uint32_t>(link.flows.size());
    for (const Member& member : link.flows) {
      Flow& flow = flows_[member.flow];
      if (flow.seen == search_) continue;
      flow.seen = search_;
      flow.filled = false;
      found_flows_.push_back(member.flow);
      for (const Hop& hop : flow.path) {
        if (links_[hop.link].seen == search_) continue;
        links_[hop.link].seen = search_;
        found_links_.push_back(hop.link);
      }
    }
  }
}

void FlowNetwork::PushLevel(Level level) {
  levels_.push_back(level);
  std::push_heap(levels_.begin(), levels_.end(), std::greater<>());
}

void FlowNetwork::Fill(Time now) {
  if (found_flows_.size() == 1) {  // most of the time in rings
    Flow& flow = flows_[found_flows_[0]];
    double rate = flow.cap;
    for (const Hop& hop : flow.path) rate = std::min(rate, links_[hop.link].capacity);
    SetRate(found_flows_[0], rate, now);
    return;
  }
  levels_.clear();
  for (const LinkId id : found_links_) {
    levels_.push_back({links_[id].left / links_[id].open, id, -1});
  }
  for (const FlowId id : found_flows_) {
    if (flows_[id].cap < kNoCap) levels_.push_back({flows_[id].cap, 0, id});
  }
  std::make_heap(levels_.begin(), levels_.end(), std::greater<>());
  size_t open = found_flows_.size();
  while (open > 0) {
    const Level level = levels_.front();
    std::pop_heap(levels_.begin(), levels_.end(), std::greater<>());
    levels_.pop_back();
    if (level.flow >= 0) {
      const auto id = static_cast<FlowId>(level.flow);
      if (flows_[id].filled) continue;
      FillFlow(id, level.rate, now);
      --open;
      continue;
    }
    Link& link = links_[level.link];
    if (link.open == 0) continue;
    // Shares only grow while others are filled below them: look again when this one has.
    const double share = std::max(0.0, link.left) / link.open;
    if (share > level.rate) {
      PushLevel({share, level.link, -1});
      continue;
    }
    for (const Member& member : link.flows) {
      if (flows_[member.flow].filled) continue;
      FillFlow(member.flow, share, now);
      --open;
    }
  }
}

void FlowNetwork::FillFlow(FlowId id, double rate, Time now) {
  Flow& flow = flows_[id];
  flow.filled = true;
  for (const Hop& hop : flow.path) {
    links_[hop.link].left -= rate;
    --links_[hop.link].open;
  }
  SetRate(id, rate, now);
}

void FlowNetwork::SetRate(FlowId id, double rate, Time now) {
  ++work_;
  Flow& flow = flows_[id];
  if (flow.end != 0 && std::abs(rate - flow.rate) <= kSameRate * flow.rate) return;
  flow.left = std::max(0.0, flow.left - flow.rate * (now - flow.since));
  flow.since = now;
  flow.rate = rate;
  ends_.Cancel(flow.end);
  flow.end = 0;
  if (rate > 0) {
    const Time end = now + flow.left / rate;
    if (end < kNever) flow.end = ends_.Push(end, id);
  }
}

}  // namespace pano::sim
