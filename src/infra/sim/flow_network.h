#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "infra/sim/event_queue.h"

namespace pano::sim {

using LinkId = uint32_t;
using FlowId = uint32_t;

inline constexpr double kNoCap = std::numeric_limits<double>::infinity();

// Times closer than this, relative to their value, are one moment: what is equal in exact arithmetic ends
// together although its doubles differ in their last bits.
inline constexpr double kSameTime = 1e-12;
inline Time EndOfMoment(Time time) { return time + kSameTime * time; }

// Flows over links at their max-min fair rates: nobody's rate can grow without that of somebody who has no
// more than it shrinking. Rates change only when a flow starts or ends or a link changes, and then only those
// of flows that are connected with it by shared links; these are filled anew (progressive filling: Bertsekas
// and Gallager, "Data Networks", 6.5.2), in O(hops log links). Thread-compatible.
//
// Whoever drives it calls, at each moment: TakeEnded, then Start and SetCapacity as often as wanted, then
// Settle. Moments never go back.
class FlowNetwork {
 public:
  // Bytes a second; 0 for a link that is down.
  LinkId AddLink(double capacity);
  size_t link_count() const { return links_.size(); }
  void SetCapacity(LinkId link, double capacity);
  double capacity(LinkId link) const { return links_[link].capacity; }

  // A flow over `path`, each link once; at most `cap` bytes a second. `tag` comes back when it ends, one of
  // 0 bytes at this very moment. Its rate is 0 until Settle. REQUIRES: a path or a finite cap.
  FlowId Start(Time now, std::span<const LinkId> path, double bytes, double cap, uint64_t tag);
  // Gives every flow its rate from `now` on.
  void Settle(Time now);

  // When the next flow ends; kNever when none does.
  Time next_end() const { return !ended_.empty() ? ended_.front().time : ends_.next_time(); }
  struct Ended {
    Time time = 0;
    uint64_t tag = 0;
  };
  // Appends the flows that end in the moment of `now`.
  void TakeEnded(Time now, std::vector<Ended>& out);

  size_t active() const { return active_; }
  // Bytes a second. REQUIRES: the flow has not ended.
  double rate(FlowId flow) const { return flows_[flow].rate; }
  // Rates computed so far, for limits on work.
  int64_t work() const { return work_; }

 private:
  struct Hop {
    LinkId link = 0;
    uint32_t index = 0;  // into the link's flows
  };
  struct Flow {
    std::vector<Hop> path;
    double left = 0;  // bytes, at `since`
    double rate = 0;
    double cap = kNoCap;
    Time since = 0;
    uint64_t tag = 0;
    EventQueue<FlowId>::Handle end = 0;
    uint32_t seen = 0;    // the last search that met it
    bool filled = false;  // has its rate in the search that goes on
  };
  struct Member {
    FlowId flow = 0;
    uint32_t hop = 0;  // into the flow's path
  };
  struct Link {
    double capacity = 0;
    std::vector<Member> flows;
    double left = 0;    // bytes a second that filled flows leave
    uint32_t open = 0;  // flows that are not filled
    uint32_t seen = 0;
    bool dirty = false;
  };
  // A link's share for each of its open flows, or a flow's cap (`flow` >= 0).
  struct Level {
    double rate = 0;
    uint32_t link = 0;
    int64_t flow = -1;
    bool operator>(const Level& o) const {
      return rate != o.rate ? rate > o.rate : link != o.link ? link > o.link : flow > o.flow;
    }
  };

  void MarkDirty(LinkId link);
  void Collect(LinkId from);  // the flows and links connected with it
  void Fill(Time now);
  void SetRate(FlowId id, double rate, Time now);
  void FillFlow(FlowId id, double rate, Time now);
  void PushLevel(Level level);
  void Remove(FlowId id);

  std::vector<Link> links_;
  std::vector<Flow> flows_;
  std::vector<FlowId> free_;
  std::vector<LinkId> dirty_;
  std::vector<FlowId> alone_;  // started without links
  EventQueue<FlowId> ends_;
  std::vector<Ended> ended_;   // of 0 bytes
  size_t active_ = 0;
  uint32_t search_ = 0;
  int64_t work_ = 0;
  std::vector<LinkId> found_links_;
  std::vector<FlowId> found_flows_;
  std::vector<Level> levels_;
};

}  // namespace pano::sim
