#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace pano::sim {

// How long a request is served, by its mean.
enum class ServiceKind : uint8_t {
  kExp,
  kDet,
  kUniform,    // 0 to 2 means
  kErlang4,    // sum of four exponentials
  kHyper,      // with 0.9 exponential of mean 0.5 m, with 0.1 of 5.5 m
  kLognormal,  // coefficient of variation 2
};
struct Service {
  ServiceKind kind = ServiceKind::kExp;
  double mean_s = 1;
};

// "exp:0.05". InvalidArgument that lists the kinds.
Result<Service> ParseService(std::string_view text);
// E[S^2] / E[S]^2.
double SecondMomentRatio(ServiceKind kind);

// A queue that is first come, first served, with Poisson arrivals. A value.
struct Queue {
  double arrival_rate = 1;  // requests a second
  Service service = {};
  int64_t servers = 1;
  int64_t capacity = 0;     // requests in it at most, those that are served included; 0: no limit
};

// InvalidArgument where a figure makes no sense, or where an unlimited queue would grow without end.
Status CheckQueue(const Queue& queue);

// Figures of a queue, per second and in seconds. A value.
struct QueueFigures {
  double p_wait = 0;      // of those that are let in
  double wait_mean_s = 0;
  double response_mean_s = 0;
  double system_mean = 0;
  double utilisation = 0;  // of a server
  double p_refused = 0;
  double throughput = 0;
};

// In closed form where there is one: M/M/c (Erlang C), M/G/1 (Pollaczek and Khinchine), M/M/1/K. REQUIRES:
// CheckQueue is ok.
std::optional<QueueFigures> ExactFigures(const Queue& queue);

}  // namespace pano::sim
