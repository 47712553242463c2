#include <cstdio>

#include "base/json.h"
#include "infra/sim/event_bench.h"
#include "pano/infra/commands.h"

namespace pano::infra {

int RunSimBench(const cli::Command& self, cli::Args args) {
  int64_t events = 20'000'000, pending = 4096, seed = 1;
  bool as_json = false;
  OptionSet set;
  set.Int("events", &events, 1, 10'000'000'000, "Events to take from the queue")
      .Int("pending", &pending, 1, (1 << 20) - 1, "Events that wait at any time")
      .Int("seed", &seed, 0, INT64_MAX, "Seed of the timers' periods")
      .Flag("json", &as_json, "Print JSON");
  if (const auto code = cli::Parse(self, set, args)) return *code;
  const auto result = sim::RunEventBench(events, pending, static_cast<uint64_t>(seed));
  if (!result.ok()) return cli::Fail(self, result.error());
  const double rate = static_cast<double>(result->events) / result->seconds;
  if (as_json) {
    json::Value out;
    out.Set("events", result->events);
    out.Set("seconds", result->seconds);
    out.Set("events_per_s", rate);
    out.Set("pending", pending);
    std::printf("%s\n", json::Dump(out).c_str());
  } else {
    std::printf("%lld events in %.3f s: %.2f million a second of one core's time, %lld pending (measured; each timer's count is right)\n",
                static_cast<long long>(result->events), result->seconds, rate / 1e6, static_cast<long long>(pending));
  }
  return 0;
}

}  // namespace pano::infra
