#include "infra/sim/event_bench.h"

#include <time.h>

#include <utility>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "infra/sim/event_queue.h"

namespace pano::sim {
namespace {

struct Timer {
  double period = 0;
  int64_t fired = 0;
  Time At(int64_t k) const { return static_cast<double>(k) * period; }
};

double CpuSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

Result<EventBenchResult> RunEventBench(int64_t events, int64_t sources, uint64_t seed) {
  Random random(seed);
  std::vector<Timer> timers(static_cast<size_t>(sources));
  for (Timer& timer : timers) timer.period = 0.5 + random.Uniform();

  const double begin = CpuSeconds();
  EventQueue<uint32_t> queue;
  for (size_t i = 0; i < timers.size(); ++i) queue.Push(timers[i].At(1), static_cast<uint32_t>(i));
  Time last = 0;
  uint32_t last_source = 0;
  bool ordered = true;
  for (int64_t done = 0; done < events; ++done) {
    const auto event = queue.Pop();
    ordered &= event.time >= last;
    last = event.time;
    last_source = event.payload;
    Timer& timer = timers[event.payload];
    ++timer.fired;
    queue.Push(timer.At(timer.fired + 1), event.payload);
  }
  const double seconds = CpuSeconds() - begin;

  if (!ordered) return Internal("[sim] events came out of order");
  int64_t sum = 0;
  for (size_t i = 0; i < timers.size(); ++i) {
    const Timer& timer = timers[i];
    sum += timer.fired;
    // All shots before the last event's time were made, and none after it.
    const bool early = timer.fired > 0 && timer.At(timer.fired) > last;
    const bool late = timer.At(timer.fired + 1) < last;
    if (early || late) return Internal(StrCat("[sim] timer ", i, " fired ", timer.fired, " times until ", last, " s"));
  }
  if (sum != events || timers[last_source].At(timers[last_source].fired) != last) {
    return Internal(StrCat("[sim] ", sum, " events were counted, not ", events));
  }
  return EventBenchResult{events, seconds};
}

}  // namespace pano::sim
