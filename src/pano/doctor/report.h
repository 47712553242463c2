#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/process_limits.h"
#include "pano/doctor/findings.h"
#include "pano/doctor/machine.h"

namespace pano::doctor {

// What `pano serve` would take by default here.
struct Plan {
  int threads = 0;
  int64_t kv_bytes = 0;  // of the first model
  std::string isa;
};

// {"ok","cpu","memory","limits","numa","plan","measured","caches","findings"}; all sizes in bytes.
json::Value ToJson(const Machine& machine, const Measured& measured, const Plan& plan,
                   const std::vector<Finding>& findings);
// The same for people.
std::string FormatReport(const Machine& machine, const Measured& measured, const Plan& plan,
                         const std::vector<Finding>& findings);

// One line of a log: "2 of 64 processors (quota 2.0), 3.0 GiB of memory (.../memory.max), ...".
std::string DescribeLimits(const ProcessLimits& limits);

}  // namespace pano::doctor
