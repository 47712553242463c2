#pragma once

#include <memory>
#include <vector>

#include "infra/cluster/fabric.h"
#include "infra/sim/all_reduce.h"
#include "infra/sim/schedule.h"

namespace pano::sim {

// Collectives in which every rank does the same: phases of rings and of exchanges between pairs along dimensions
// of the cluster. A rank begins a step when its messages of the step before were sent and received. With several
// segments, each goes through the phases behind the one before it. Immutable.
class PhasedSchedule final : public Schedule {
 public:
  // Ring, unaware ring, rhd, two-level, two-level-rhd or blueconnect. REQUIRES: CheckApplicable is ok.
  static PhasedSchedule ForAllReduce(AllReduce algorithm, const cluster::Fabric& fabric, double bytes, int64_t segments = 1);
  // The reduce-scatter round the ring of each node's cards; an all-gather takes as long.
  static PhasedSchedule ForScatterInNodes(const cluster::Fabric& fabric, double bytes);

  int64_t actors() const override { return ranks_ * segments_; }
  int64_t steps() const override { return steps_; }
  Move At(int64_t actor, int64_t step) const override;
  int64_t Needs(int64_t actor, int64_t step) const override;
  void AppendDependents(int64_t actor, int64_t step, std::vector<Dependent>& out) const override;
  int64_t AlikeUntil(int64_t step) const override;

 private:
  enum class Way : uint8_t { kRing, kExchange, kFoldIn, kFoldOut };
  // Ranks whose coordinate rank / stride mod size alone differs act together.
  struct Phase {
    Way way = Way::kRing;
    int64_t stride = 1;
    int64_t size = 1;
    int64_t steps = 1;
    double bytes = 0;      // of each message
    int64_t distance = 1;  // of kExchange
    int64_t first = 0;     // its first step
  };

  PhasedSchedule(int64_t ranks, int64_t segments) : ranks_(ranks), segments_(segments) {}
  void Add(Phase phase);
  void AddRings(int64_t stride, int64_t size, double bytes);  // one way
  void AddHalving(int64_t stride, int64_t size, double bytes);
  const Phase& PhaseAt(int64_t step) const;
  // Whom the rank sends to in a step of the phase; -1: nobody.
  int64_t Target(const Phase& phase, int64_t rank) const;
  bool Receives(const Phase& phase, int64_t rank) const;
  // Whether it is an exchange behind the folding of ranks that are no power of two, with a step before it.
  bool FollowsFolding(int64_t step) const;
  // The rank at a position of the order, which is not that of ranks in an unaware ring.
  int64_t RankAt(int64_t position) const;

  int64_t ranks_ = 1;
  int64_t segments_ = 1;
  int64_t steps_ = 0;
  int64_t unaware_nodes_ = 0;  // > 0: position i is on node i mod this
  int64_t unaware_cards_ = 1;
  std::vector<Phase> phases_;
};

}  // namespace pano::sim
