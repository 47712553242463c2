#pragma once

#include <memory>
#include <vector>

#include "infra/collective/communicator.h"

namespace pano::collective {

// `size` ranks within this process, each to be used by a thread of its own: for tests of what is
// divided among ranks, and for several devices under one process. The group lives as long as any of
// its ends. A rank whose end is destroyed while others still call has gone: they get Unavailable.
// REQUIRES: size >= 1.
std::vector<std::unique_ptr<Communicator>> CreateInProcessGroup(int size);

}  // namespace pano::collective
