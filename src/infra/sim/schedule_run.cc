#include "infra/sim/schedule_run.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::sim {
namespace {

constexpr uint64_t kFaultTag = uint64_t{1} << 62;  // + 2 * index, + 1 when it ends
constexpr uint32_t kStreak = 4;                    // equal steps before one is believed
constexpr double kEqualStep = 1e-9;                // relative

// Deliveries by step, from the actor's present one on: a ring buffer that grows with how far others run ahead.
class Arrivals {
 public:
  uint32_t& At(int64_t ahead) {
    if (static_cast<size_t>(ahead) >= counts_.size()) Grow(static_cast<size_t>(ahead));
    return counts_[(first_ + static_cast<size_t>(ahead)) & (counts_.size() - 1)];
  }
  void Advance() {
    if (counts_.empty()) return;
    counts_[first_] = 0;
    first_ = (first_ + 1) & (counts_.size() - 1);
  }

 private:
  void Grow(size_t ahead) {
    std::vector<uint32_t> larger(std::max<size_t>(4, std::bit_ceil(ahead + 1)));
    for (size_t i = 0; i < counts_.size(); ++i) larger[i] = counts_[(first_ + i) & (counts_.size() - 1)];
    counts_ = std::move(larger);
    first_ = 0;
  }
  std::vector<uint32_t> counts_;
  size_t first_ = 0;
};

struct Actor {
  int64_t step = 0;
  Time last = 0;   // when it finished the step before
  Time delta = 0;  // what that took
  uint32_t streak = 0;  // of equal deltas
  bool busy = false;
  Arrivals arrivals;
};

class Player final : public NetworkSimulation::World {
 public:
  Player(const Schedule& schedule, const cluster::Fabric& fabric, const RunOptions& options)
      : schedule_(schedule), options_(options), steps_(schedule.steps()), network_(fabric, options.nics, simulation_),
        nodes_(fabric.nodes), rates_(static_cast<size_t>(fabric.nodes), 1.0), actors_(static_cast<size_t>(schedule.actors())) {}

  Result<ScheduleRun> Play() {
    SetConditions();
    for (int64_t a = 0; a < schedule_.actors(); ++a) TryStart(a);
    PANO_RETURN_IF_ERROR(simulation_.Run(*this, options_.limits));
    for (const Actor& actor : actors_) PANO_CHECK(actor.step == steps_);  // a schedule that waits for itself
    run_.seconds = finished_ + jumped_;
    return run_;
  }

  void OnTimer(uint64_t tag) override {
    const NodeFault& fault = options_.conditions.faults[(tag - kFaultTag) / 2];
    const bool ends = tag % 2 == 1;
    const double rate = rates_[static_cast<size_t>(fault.node)] * (ends ? 1 : fault.factor);
    network_.SetNodeRate(fault.node, rate);
  }

  void OnArrival(uint64_t tag) override {
    const auto a = static_cast<int64_t>(tag);
    actors_[tag].busy = false;
    Finish(a);
    TryStart(a);
    if (steady_ == schedule_.actors() && !jumps_off_) Jump();
  }

 private:
  void SetConditions() {
    const Conditions& conditions = options_.conditions;
    Random random(conditions.seed);
    for (int64_t node = 0; conditions.straggler_sigma > 0 && node < nodes_; ++node) {
      double& rate = rates_[static_cast<size_t>(node)];
      rate = std::exp(-conditions.straggler_sigma * std::abs(random.Normal()));
      network_.SetNodeRate(node, rate);
    }
    for (size_t i = 0; i < conditions.faults.size(); ++i) {
      const NodeFault& fault = conditions.faults[i];
      simulation_.StartTimer(fault.at_s, kFaultTag + 2 * i);
      if (fault.seconds < kNever) simulation_.StartTimer(fault.at_s + fault.seconds, kFaultTag + 2 * i + 1);
    }
    jumps_off_ = !options_.jump || !conditions.faults.empty();
  }

  void TryStart(int64_t a) {
    Actor& actor = actors_[static_cast<size_t>(a)];
    while (!actor.busy && actor.step < steps_) {
      const int64_t needs = schedule_.Needs(a, actor.step);
      if (needs > 0 && actor.arrivals.At(0) < needs) return;
      const Schedule::Move move = schedule_.At(a, actor.step);
      if (move.kind == Schedule::Kind::kNothing) {
        Finish(a);
        continue;
      }
      actor.busy = true;
      ++run_.messages;
      // A stream to or from the switches waits once, not for every chunk of it.
      Send(move, actor.step == 0 ? options_.switch_delay_s : 0, static_cast<uint64_t>(a));
    }
  }

  void Send(const Schedule::Move& move, Time switch_delay, uint64_t tag) {
    switch (move.kind) {
      case Schedule::Kind::kNothing: return;
      case Schedule::Kind::kBetween:
        return simulation_.Send(network_.Alpha(move.from, move.to), network_.Between(move.from, move.to), move.bytes, tag);
      case Schedule::Kind::kUp:
        return simulation_.Send(switch_delay, network_.UpFrom(move.from), move.bytes, tag, options_.switch_bytes_s);
      case Schedule::Kind::kDown:
        return simulation_.Send(switch_delay, network_.DownTo(move.to), move.bytes, tag, options_.switch_bytes_s);
    }
  }

  // The actor's step is done.
  void Finish(int64_t a) {
    Actor& actor = actors_[static_cast<size_t>(a)];
    const int64_t step = actor.step++;
    actor.arrivals.Advance();
    Note(actor);
    const size_t first = dependents_.size();
    schedule_.AppendDependents(a, step, dependents_);
    for (size_t i = first; i < dependents_.size(); ++i) {
      const Schedule::Dependent to = dependents_[i];
      Actor& waits = actors_[static_cast<size_t>(to.actor)];
      ++waits.arrivals.At(to.step - waits.step);
      if (to.step == waits.step) TryStart(to.actor);
    }
    dependents_.resize(first);
  }

  void Note(Actor& actor) {
    const Time now = simulation_.now();
    finished_ = std::max(finished_, now);
    const Time delta = now - actor.last;
    actor.last = now;
    const bool equal = std::abs(delta - actor.delta) <= kEqualStep * delta;
    actor.delta = delta;
    if (equal && actor.streak < kStreak && ++actor.streak == kStreak) ++steady_;
    if (!equal) {
      if (actor.streak == kStreak) --steady_;
      actor.streak = 0;
    }
  }

  // All actors repeat themselves. If they do so alike, most of what is left of the stretch is jumped over.
  void Jump() {
    if (--patience_ > 0) return;
    patience_ = schedule_.actors();  // looking at all of them costs as much as so many steps
    int64_t most = 0, least = steps_;
    for (const Actor& actor : actors_) {
      most = std::max(most, actor.step);
      least = std::min(least, actor.step);
      if (std::abs(actor.delta - actors_[0].delta) > kEqualStep * actor.delta) return;
    }
    if (most >= steps_) return;
    const int64_t end = schedule_.AlikeUntil(least);
    const int64_t over = end - 4 - most;
    // Within the stretch, and long enough in it.
    if (over <= 0 || schedule_.AlikeUntil(std::max<int64_t>(0, least - kStreak - 1)) != end) return;
    for (Actor& actor : actors_) {
      actor.step += over;
      actor.streak = 0;
    }
    steady_ = 0;
    jumped_ += static_cast<double>(over) * actors_[0].delta;
    run_.jumped_steps += over;
  }

  const Schedule& schedule_;
  const RunOptions& options_;
  const int64_t steps_;
  NetworkSimulation simulation_;
  FabricNetwork network_;
  const int64_t nodes_;
  std::vector<double> rates_;  // of nodes' NICs, as a part of what they should be
  std::vector<Actor> actors_;
  std::vector<Schedule::Dependent> dependents_;
  int64_t steady_ = 0;    // actors with a full streak
  int64_t patience_ = 1;  // steps until Jump looks
  bool jumps_off_ = false;
  Time finished_ = 0;
  Time jumped_ = 0;
  ScheduleRun run_;
};

}  // namespace

Result<ScheduleRun> RunSchedule(const Schedule& schedule, const cluster::Fabric& fabric, const RunOptions& options) {
  if (schedule.actors() > kActorsMax) {
    return Status(StatusCode::kExhausted, StrCat("[sim] ", schedule.actors(), " actors are too many to simulate; at most ", kActorsMax));
  }
  for (const NodeFault& fault : options.conditions.faults) {
    if (fault.node < 0 || fault.node >= fabric.nodes) {
      return InvalidArgument(StrCat("node ", fault.node, " is not among the ", fabric.nodes, " of the fabric"));
    }
  }
  return Player(schedule, fabric, options).Play();
}

}  // namespace pano::sim
