#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "infra/collective/communicator.h"

namespace pano::train {

// Whether this build has c10d with Gloo.
bool GlooIsAvailable();

// c10d's Gloo process group over a group that stands already (`control`, which it borrows and which
// introduces the members to each other): sums and gathers of many values go round a ring of direct
// connections, so that no member's link carries everybody's; the rest goes through `control`, which
// also finds out who has gone when Gloo only knows that somebody did. Sums are added in Gloo's order,
// which depends on their size and the number of members, not on timing: every member has the same
// bits, but not those of `control`.
//
// `host`: the name or address that this machine's other end is reached at, "127.0.0.1" for processes
// of one machine. Gloo's connections are not authenticated: within a machine, or a network of one's
// own. Unimplemented where the build has no Gloo.
Result<std::unique_ptr<collective::Communicator>> CreateGlooGroup(
    collective::Communicator* control, const std::string& host, Duration timeout);

}  // namespace pano::train
