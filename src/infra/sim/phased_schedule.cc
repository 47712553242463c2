#include "infra/sim/phased_schedule.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pano::sim {
namespace {

// Folding: of the first 2 * Extra ranks those with odd numbers hand their data to their neighbour and wait, so
// that a power of two is left. The number of a rank among those that are left, -1 for one that waits; and back.
int64_t PowerBelow(int64_t n) { return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(n))); }
int64_t CoreOf(int64_t id, int64_t extra) {
  if (id < 2 * extra) return id % 2 == 0 ? id / 2 : -1;
  return id - extra;
}
int64_t IdOf(int64_t core, int64_t extra) { return core < extra ? 2 * core : core + extra; }

}  // namespace

void PhasedSchedule::Add(Phase phase) {
  if (phase.size < 2 || phase.steps < 1) return;
  phase.first = steps_;
  steps_ += phase.steps;
  phases_.push_back(phase);
}

void PhasedSchedule::AddRings(int64_t stride, int64_t size, double bytes) {
  Add({.way = Way::kRing, .stride = stride, .size = size, .steps = size - 1, .bytes = bytes});
}

void PhasedSchedule::AddHalving(int64_t stride, int64_t size, double bytes) {
  const int64_t core = PowerBelow(size);
  if (core != size) Add({.way = Way::kFoldIn, .stride = stride, .size = size, .bytes = bytes});
  // The nearest partner gets the largest half.
  const auto steps = static_cast<int>(std::bit_width(static_cast<uint64_t>(core))) - 1;
  for (int i = 0; i < 2 * steps; ++i) {
    const int k = i < steps ? i : 2 * steps - 1 - i;
    Add({.way = Way::kExchange, .stride = stride, .size = size, .bytes = bytes / std::exp2(k + 1), .distance = int64_t{1} << k});
  }
  if (core != size) Add({.way = Way::kFoldOut, .stride = stride, .size = size, .bytes = bytes});
}

PhasedSchedule PhasedSchedule::ForAllReduce(AllReduce algorithm, const cluster::Fabric& fabric, double bytes, int64_t segments) {
  const int64_t N = fabric.nodes, G = fabric.gpus_per_node, p = fabric.ranks();
  PhasedSchedule out(p, segments);
  const double S = bytes / static_cast<double>(segments);
  const double part = S / static_cast<double>(G);  // of a rank after the scatter in its node
  switch (algorithm) {
    case AllReduce::kRingUnaware:
      out.unaware_nodes_ = N;
      out.unaware_cards_ = G;
      [[fallthrough]];
    case AllReduce::kRing:
      // All-gather goes on as reduce-scatter does.
      out.Add({.way = Way::kRing, .stride = 1, .size = p, .steps = 2 * (p - 1), .bytes = S / static_cast<double>(p)});
      break;
    case AllReduce::kRhd:
      out.AddHalving(1, p, S);
      break;
    case AllReduce::kTwoLevel:
    case AllReduce::kTwoLevelRhd:
      out.AddRings(1, G, part);
      if (algorithm == AllReduce::kTwoLevelRhd) {
        out.AddHalving(G, N, part);
      } else {
        out.Add({.way = Way::kRing, .stride = G, .size = N, .steps = 2 * (N - 1), .bytes = part / static_cast<double>(N)});
      }
      out.AddRings(1, G, part);
      break;
    case AllReduce::kBlueConnect: {
      const int64_t m = std::min(fabric.leaf_nodes, N);
      const double leaf_part = part / static_cast<double>(m), last = S / static_cast<double>(p);
      out.AddRings(1, G, part);
      out.AddRings(G, m, leaf_part);
      out.AddRings(G * m, N / m, last);
      out.AddRings(G * m, N / m, last);
      out.AddRings(G, m, leaf_part);
      out.AddRings(1, G, part);
      break;
    }
    case AllReduce::kDoubleTree:
    case AllReduce::kInNetwork: break;  // other schedules
  }
  return out;
}

PhasedSchedule PhasedSchedule::ForScatterInNodes(const cluster::Fabric& fabric, double bytes) {
  PhasedSchedule out(fabric.ranks(), 1);
  out.AddRings(1, fabric.gpus_per_node, bytes / static_cast<double>(fabric.gpus_per_node));
  return out;
}

const PhasedSchedule::Phase& PhasedSchedule::PhaseAt(int64_t step) const {
  auto after = std::upper_bound(phases_.begin(), phases_.end(), step, [](int64_t s, const Phase& p) { return s < p.first; });
  return *(after - 1);
}

int64_t PhasedSchedule::RankAt(int64_t position) const {
  if (unaware_nodes_ == 0) return position;
  return position % unaware_nodes_ * unaware_cards_ + position / unaware_nodes_;
}

int64_t PhasedSchedule::Target(const Phase& phase, int64_t rank) const {
  const int64_t c = rank / phase.stride % phase.size;
  const int64_t extra = phase.size - PowerBelow(phase.size);
  int64_t to = -1;
  switch (phase.way) {
    case Way::kRing: to = c + 1 == phase.size ? 0 : c + 1; break;
    case Way::kExchange: {
      const int64_t core = CoreOf(c, extra);
      if (core >= 0) to = IdOf(core ^ phase.distance, extra);
      break;
    }
    case Way::kFoldIn:
      if (c < 2 * extra && c % 2 == 1) to = c - 1;
      break;
    case Way::kFoldOut:
      if (c < 2 * extra && c % 2 == 0) to = c + 1;
      break;
  }
  return to < 0 ? -1 : rank + (to - c) * phase.stride;
}

bool PhasedSchedule::Receives(const Phase& phase, int64_t rank) const {
  const int64_t c = rank / phase.stride % phase.size;
  const int64_t extra = phase.size - PowerBelow(phase.size);
  switch (phase.way) {
    case Way::kRing: return true;
    case Way::kExchange: return CoreOf(c, extra) >= 0;
    case Way::kFoldIn: return c < 2 * extra && c % 2 == 0;
    case Way::kFoldOut: return c < 2 * extra && c % 2 == 1;
  }
  return false;
}

Schedule::Move PhasedSchedule::At(int64_t actor, int64_t step) const {
  const Phase& phase = PhaseAt(step);
  const int64_t position = actor % ranks_;
  const int64_t to = Target(phase, position);
  if (to < 0) return {};
  return {Kind::kBetween, RankAt(position), RankAt(to), phase.bytes};
}

// After folding some ranks are later than others, and nobody sends to one that still receives the step before:
// both would share its port, and last longer.
bool PhasedSchedule::FollowsFolding(int64_t step) const {
  if (step <= 0 || step >= steps_) return false;
  const Phase& phase = PhaseAt(step);
  const Way before = PhaseAt(step - 1).way;
  return phase.way == Way::kExchange && PowerBelow(phase.size) != phase.size && (before == Way::kFoldIn || before == Way::kExchange);
}

int64_t PhasedSchedule::Needs(int64_t actor, int64_t step) const {
  int64_t needs = step > 0 && Receives(PhaseAt(step - 1), actor % ranks_) ? 1 : 0;
  const Phase& phase = PhaseAt(step);
  if (actor >= ranks_ && phase.first == step) ++needs;  // the segment before has left the phase
  if (FollowsFolding(step)) {
    const int64_t partner = Target(phase, actor % ranks_);
    if (partner >= 0 && Receives(PhaseAt(step - 1), partner)) ++needs;
  }
  return needs;
}

void PhasedSchedule::AppendDependents(int64_t actor, int64_t step, std::vector<Dependent>& out) const {
  const Phase& phase = PhaseAt(step);
  const int64_t rank = actor % ranks_, segment = actor / ranks_;
  const int64_t to = Target(phase, rank);
  if (to >= 0 && step + 1 < steps_) out.push_back({segment * ranks_ + to, step + 1});
  if (to >= 0 && FollowsFolding(step + 1)) out.push_back({segment * ranks_ + Target(PhaseAt(step + 1), to), step + 1});
  const bool leaves = step + 1 == phase.first + phase.steps;
  if (leaves && segment + 1 < segments_) out.push_back({actor + ranks_, phase.first});
}

int64_t PhasedSchedule::AlikeUntil(int64_t step) const {
  const Phase& phase = PhaseAt(step);
  return phase.way == Way::kRing ? phase.first + phase.steps : step + 1;
}

}  // namespace pano::sim
