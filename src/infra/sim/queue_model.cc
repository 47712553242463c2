#include "infra/sim/queue_model.h"

#include <array>
#include <cmath>
#include <string>

#include "base/strings.h"

namespace pano::sim {
namespace {

struct Row {
  ServiceKind kind;
  std::string_view name;
  double second_moment;  // at mean 1
};
constexpr std::array<Row, 6> kKinds = {{
    {ServiceKind::kExp, "exp", 2},
    {ServiceKind::kDet, "det", 1},
    {ServiceKind::kUniform, "uniform", 4.0 / 3},
    {ServiceKind::kErlang4, "erlang4", 1.25},
    {ServiceKind::kHyper, "hyper", 2 * (0.9 * 0.25 + 0.1 * 30.25)},
    {ServiceKind::kLognormal, "lognormal", 5},
}};

constexpr double kRateMin = 1e-12, kRateMax = 1e12;
constexpr int64_t kServersMax = 1 << 20;
constexpr int64_t kCapacityMax = 1 << 26;

// The probability that all of c servers are busy: from Erlang B, which has a stable recurrence.
double ErlangC(int64_t c, double load) {
  double blocked = 1;
  for (int64_t k = 1; k <= c; ++k) blocked = load * blocked / (static_cast<double>(k) + load * blocked);
  const double rho = load / static_cast<double>(c);
  return blocked / (1 - rho * (1 - blocked));
}

// P(n in M/M/1/K) = rho^n / sum rho^i.
QueueFigures Limited(double rate, double mean_s, int64_t capacity) {
  const double rho = rate * mean_s;
  // In a long queue, count from the end that is likely, so that powers stay below 1.
  const bool over = rho > 1;
  const double x = over ? 1 / rho : rho;
  double sum = 0, weighted = 0, power = 1;
  double first = 1, last = 1;
  for (int64_t n = 0; n <= capacity; ++n) {
    sum += power;
    weighted += power * static_cast<double>(over ? capacity - n : n);
    last = power;
    power *= x;
    if (power < 1e-300) {
      last = n == capacity ? last : 0;
      break;
    }
  }
  const double p_empty = (over ? last : first) / sum, p_full = (over ? first : last) / sum;
  QueueFigures out;
  out.p_refused = p_full;
  out.throughput = rate * (1 - p_full);
  out.utilisation = 1 - p_empty;
  out.system_mean = weighted / sum;
  out.response_mean_s = out.system_mean / out.throughput;
  out.wait_mean_s = out.response_mean_s - mean_s;
  out.p_wait = (1 - p_empty - p_full) / (1 - p_full);  // of those that are let in
  return out;
}

}  // namespace

Result<Service> ParseService(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  std::string all;
  for (const Row& row : kKinds) {
    all += StrCat(all.empty() ? "" : ", ", row.name);
    if (row.name != name) continue;
    const auto mean = colon == std::string_view::npos ? std::nullopt : ParseDouble(text.substr(colon + 1));
    if (!mean || !(*mean > 0) || !(*mean <= 1e9)) {
      return InvalidArgument(StrCat("service '", Printable(text, 40), "' has no mean in seconds above 0 (", row.name, ":0.05)"));
    }
    return Service{row.kind, *mean};
  }
  return InvalidArgument(StrCat("there is no service '", Printable(name, 40), "' (", all, ", each with its mean: exp:0.05)"));
}

double SecondMomentRatio(ServiceKind kind) {
  for (const Row& row : kKinds) {
    if (row.kind == kind) return row.second_moment;
  }
  return 1;
}

Status CheckQueue(const Queue& queue) {
  if (!(queue.arrival_rate >= kRateMin && queue.arrival_rate <= kRateMax)) {
    return InvalidArgument(StrCat("the arrival rate is ", queue.arrival_rate, " a second, not between ", kRateMin, " and ", kRateMax));
  }
  if (!(queue.service.mean_s >= kRateMin && queue.service.mean_s <= kRateMax)) {
    return InvalidArgument(StrCat("the mean service time is ", queue.service.mean_s, " s, not between ", kRateMin, " and ", kRateMax));
  }
  if (queue.servers < 1 || queue.servers > kServersMax) {
    return InvalidArgument(StrCat("there are ", queue.servers, " servers, not 1 to ", kServersMax));
  }
  if (queue.capacity < 0 || queue.capacity > kCapacityMax) return InvalidArgument(StrCat("the capacity is ", queue.capacity));
  if (queue.capacity > 0 && queue.capacity < queue.servers) {
    return InvalidArgument(StrCat("a capacity of ", queue.capacity, " leaves some of ", queue.servers, " servers without work"));
  }
  const double rho = queue.arrival_rate * queue.service.mean_s / static_cast<double>(queue.servers);
  if (queue.capacity == 0 && rho >= 1) {
    return InvalidArgument(StrCat("the servers are offered ", rho, " of what they can do: the queue grows without end (--capacity limits it)"));
  }
  return {};
}

std::optional<QueueFigures> ExactFigures(const Queue& queue) {
  const double mean = queue.service.mean_s, load = queue.arrival_rate * mean;
  if (queue.capacity > 0) {
    if (queue.service.kind != ServiceKind::kExp || queue.servers != 1) return std::nullopt;
    return Limited(queue.arrival_rate, mean, queue.capacity);
  }
  QueueFigures out;
  const auto c = static_cast<double>(queue.servers);
  out.utilisation = load / c;
  out.throughput = queue.arrival_rate;
  if (queue.service.kind == ServiceKind::kExp) {
    out.p_wait = ErlangC(queue.servers, load);
    out.wait_mean_s = out.p_wait * mean / c / (1 - out.utilisation);
  } else if (queue.servers == 1) {
    out.p_wait = load;
    out.wait_mean_s = load * mean * SecondMomentRatio(queue.service.kind) / 2 / (1 - load);
  } else {
    return std::nullopt;
  }
  out.response_mean_s = out.wait_mean_s + mean;
  out.system_mean = queue.arrival_rate * out.response_mean_s;
  return out;
}

}  // namespace pano::sim
