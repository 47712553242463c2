#include "infra/sim/queue_run.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "base/random.h"
#include "infra/sim/event_queue.h"
#include "infra/sim/poisson.h"

namespace pano::sim {
namespace {

double Draw(const Service& service, Random& random) {
  const double m = service.mean_s;
  switch (service.kind) {
    case ServiceKind::kExp: return Exponential(random, m);
    case ServiceKind::kDet: return m;
    case ServiceKind::kUniform: return 2 * m * random.Uniform();
    case ServiceKind::kErlang4: {
      double sum = 0;
      for (int i = 0; i < 4; ++i) sum += Exponential(random, m / 4);
      return sum;
    }
    case ServiceKind::kHyper: return Exponential(random, random.Uniform() < 0.9 ? 0.5 * m : 5.5 * m);
    case ServiceKind::kLognormal: {
      const double variance = std::log(5.0);  // 1 + CV^2
      return std::exp(std::log(m) - variance / 2 + std::sqrt(variance) * random.Normal());
    }
  }
  return m;
}

}  // namespace

QueueFigures SimulateQueue(const Queue& queue, int64_t requests, uint64_t seed) {
  // Streams of their own, so that two queues with the same arrivals can be compared.
  Random arrivals(Philox(seed, 0, 1)[0]), services(Philox(seed, 0, 2)[0] | (uint64_t{1} << 32));
  struct Departure {
    Time arrived = 0;
  };
  EventQueue<Departure> departures;
  std::deque<Time> waiting;  // when they came
  int64_t busy = 0, let_in = 0, refused = 0, begun = 0, waited = 0, left = 0;
  double waits = 0, responses = 0, in_system = 0, busy_time = 0;
  Time now = 0;
  const auto advance = [&](Time to) {
    in_system += (to - now) * static_cast<double>(busy + static_cast<int64_t>(waiting.size()));
    busy_time += (to - now) * static_cast<double>(busy);
    now = to;
  };
  const auto begin = [&](Time arrived) {
    ++busy;
    ++begun;
    waits += now - arrived;
    if (now > arrived) ++waited;
    departures.Push(now + Draw(queue.service, services), {arrived});
  };
  const auto depart = [&] {
    const auto event = departures.Pop();
    advance(event.time);
    responses += event.time - event.payload.arrived;
    ++left;
    --busy;
    if (!waiting.empty()) {
      const Time arrived = waiting.front();
      waiting.pop_front();
      begin(arrived);
    }
  };
  for (int64_t i = 0; i < requests; ++i) {
    const Time arrival = now + Exponential(arrivals, 1 / queue.arrival_rate);
    while (departures.next_time() <= arrival) depart();
    advance(arrival);
    if (queue.capacity > 0 && busy + static_cast<int64_t>(waiting.size()) >= queue.capacity) {
      ++refused;
      continue;
    }
    ++let_in;
    if (busy < queue.servers) {
      begin(now);
    } else {
      waiting.push_back(now);
    }
  }
  QueueFigures out;
  const Time end = now;
  const double averaged = in_system, averaged_busy = busy_time;
  while (!departures.empty()) depart();  // those that are still in count with their waits and responses
  const auto n = static_cast<double>(std::max<int64_t>(1, begun));
  out.p_wait = static_cast<double>(waited) / n;
  out.wait_mean_s = waits / n;
  out.response_mean_s = responses / static_cast<double>(std::max<int64_t>(1, left));
  out.system_mean = end > 0 ? averaged / end : 0;
  out.utilisation = end > 0 ? averaged_busy / end / static_cast<double>(queue.servers) : 0;
  out.p_refused = static_cast<double>(refused) / static_cast<double>(requests);
  out.throughput = end > 0 ? static_cast<double>(let_in) / end : 0;
  return out;
}

}  // namespace pano::sim
