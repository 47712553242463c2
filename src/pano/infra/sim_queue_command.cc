#include <cstdio>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/strings.h"
#include "infra/sim/queue_model.h"
#include "infra/sim/queue_run.h"
#include "pano/infra/commands.h"

namespace pano::infra {
namespace {

struct Field {
  const char* name;
  double sim::QueueFigures::* value;
};
constexpr Field kFields[] = {
    {"p_wait", &sim::QueueFigures::p_wait},           {"wait_mean_s", &sim::QueueFigures::wait_mean_s},
    {"response_mean_s", &sim::QueueFigures::response_mean_s}, {"system_mean", &sim::QueueFigures::system_mean},
    {"utilisation", &sim::QueueFigures::utilisation}, {"p_refused", &sim::QueueFigures::p_refused},
    {"throughput", &sim::QueueFigures::throughput}};

}  // namespace

int RunSimQueue(const cli::Command& self, cli::Args args) {
  sim::Queue queue;
  std::string service;
  int64_t requests = 1'000'000, seed = 1;
  bool as_json = false;
  queue.arrival_rate = 0;
  OptionSet set;
  set.Double("arrival-rate", &queue.arrival_rate, 0, 1e12, "Requests that come in a second, at random (Poisson)", "R")
      .String("service", &service, "How long one is served: exp, det, uniform, erlang4, hyper or lognormal, with its mean in seconds", "KIND:MEAN")
      .Int("servers", &queue.servers, 1, 1 << 20, "Servers behind the one queue")
      .Int("capacity", &queue.capacity, 0, 1 << 26, "Requests that may be there at once; 0: no limit")
      .Int("requests", &requests, 1, sim::kQueueRequestsMax, "Requests to simulate")
      .Int("seed", &seed, 0, INT64_MAX, "Seed of arrivals and services")
      .Flag("json", &as_json, "Print JSON");
  if (const auto code = cli::Parse(self, set, args)) return *code;
  if (service.empty()) return cli::FailUsage(self, "--service is missing, for instance exp:0.05");
  const auto parsed = sim::ParseService(service);
  if (!parsed.ok()) return cli::FailUsage(self, parsed.error().message());
  queue.service = *parsed;
  if (const Status status = sim::CheckQueue(queue); !status.ok()) return cli::FailUsage(self, status.message());

  const sim::QueueFigures figures = sim::SimulateQueue(queue, requests, static_cast<uint64_t>(seed));
  const std::optional<sim::QueueFigures> exact = sim::ExactFigures(queue);
  if (as_json) {
    json::Value out, closed;
    for (const Field& field : kFields) {
      out.Set(field.name, figures.*field.value);
      if (exact) closed.Set(field.name, *exact.*field.value);
    }
    if (exact) out.Set("derived", std::move(closed));
    std::printf("%s\n", json::Dump(out).c_str());
    return 0;
  }
  std::printf("%-16s %14s %14s\n", "", "simulated", "derived");
  for (const Field& field : kFields) {
    char derived[32] = "-";
    if (exact) std::snprintf(derived, sizeof derived, "%.6g", *exact.*field.value);
    std::printf("%-16s %14.6g %14s\n", field.name, figures.*field.value, derived);
  }
  return 0;
}

}  // namespace pano::infra
