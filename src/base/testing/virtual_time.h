#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"

namespace pano {

// Runs each body on a thread of its own and moves `clock` to the next deadline whenever all of them
// wait on it: hours pass in milliseconds, and what happens when is the same in every run, as long
// as the bodies wait on nothing but `clock` and wake each other through ManualClock::NotifyAll.
// Returns when all bodies have. It is a bug (and ends the process) when all wait and none for a
// time.
void RunInVirtualTime(ManualClock& clock, const std::vector<std::function<void()>>& bodies);

}  // namespace pano
