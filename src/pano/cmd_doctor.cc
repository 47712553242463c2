#include <algorithm>
#include <cstdio>

#include "app/hub/hub_settings.h"
#include "app/models/memory_budget.h"
#include "base/clock.h"
#include "base/threads.h"
#include "model/kernels/cpu.h"
#include "model/kernels/limits/limits.h"
#include "pano/cli.h"
#include "pano/doctor/findings.h"
#include "pano/doctor/machine.h"
#include "pano/doctor/report.h"

namespace pano::cli {
namespace {

doctor::Machine Look() {
  doctor::Machine machine = doctor::ReadMachine(Env::Real());
#if defined(__x86_64__)
  machine.x86 = true;
#endif
  machine.cpu_has = kernels::MachineCpuMask();
  machine.cpu_uses = kernels::ActiveCpuMask();
  machine.unix_seconds = Clock::Real().UnixSeconds();
  const Result<hub::HubSettings> hub = hub::HubSettingsFromEnvironment();
  machine.caches.push_back(hub.ok() ? doctor::TryFolder(hub->cache_folder, Env::Real())
                                    : doctor::CacheFolder{.path = "", .wrong = hub.error().message()});
  return machine;
}

doctor::Measured Measure(ComputePool& pool) {
  doctor::Measured measured;
  measured.before = doctor::ReadCpuMoment(Env::Real());
  measured.first = kernels::MeasureLimits(pool);
  measured.second = kernels::MeasureLimits(pool);
  measured.after = doctor::ReadCpuMoment(Env::Real());
  return measured;
}

}  // namespace

int RunDoctor(const Command& self, Args args) {
  int64_t threads = 0;
  bool as_json = false;
  OptionSet options;
  options.Int("threads", &threads, 0, 1024,
              "The number of threads to measure with. 0 means as many as would compute.");
  options.Flag("json", &as_json,
               "Prints the result as JSON. The exit code is 1 when a finding is a problem and 0 when "
               "there are none or only advice.");
  if (auto code = Parse(self, options, args)) return *code;
  const doctor::Machine machine = Look();
  ComputePool pool(static_cast<int>(threads));
  const models::MemoryBudget budget(1);
  const doctor::Plan plan{.threads = pool.threads(),
                          .kv_bytes = budget.KvBytes(budget.BytesLeft(), 0),
                          .isa = kernels::CpuMaskName(machine.cpu_uses)};
  const doctor::Measured measured = Measure(pool);
  const std::vector<doctor::Finding> findings = doctor::Diagnose(machine, measured);
  std::fputs((as_json ? json::Dump(doctor::ToJson(machine, measured, plan, findings)) + "\n"
                      : doctor::FormatReport(machine, measured, plan, findings))
                 .c_str(),
             stdout);
  return std::any_of(findings.begin(), findings.end(), [](const doctor::Finding& finding) {
           return finding.severity == doctor::Severity::kProblem;
         })
             ? 1
             : 0;
}

}  // namespace pano::cli
