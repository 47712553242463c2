#pragma once

#include <cstdint>

#include "infra/cluster/fabric.h"

namespace pano::planner {

// `size` ranks, `stride` apart: tensor-parallel ranks have stride 1, the copies of a model tp * cp.
struct Group {
  int64_t size = 1;
  int64_t stride = 1;
};

// Seconds until every rank of the group has sent and received (size-1)/size of `bytes`: a reduce-scatter or an
// all-gather; an all-reduce is two. All groups of the same stride work at once and share NICs and uplinks. The
// faster of a ring in rank order and of two levels (docs/reports/planning.md; science: Patarasuk and Yuan 2009).
double PassSeconds(const cluster::Fabric& fabric, Group group, double bytes);

// Seconds for one message of `bytes` from each rank to that `stride` further on, all at once.
double SendSeconds(const cluster::Fabric& fabric, int64_t stride, double bytes);

}  // namespace pano::planner
