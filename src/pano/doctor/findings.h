#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pano/doctor/machine.h"

namespace pano::doctor {

enum class Severity : uint8_t {
  kProblem,  // models cannot be served as they should be
  kAdvice,   // works, and could work better
};
std::string_view SeverityName(Severity severity);

// One thing that is wrong, and what to do about it. `id` is stable, for programs.
struct Finding {
  Severity severity;
  std::string id;
  std::string what;
  std::string advice;
};

// Problems first. A pure function.
std::vector<Finding> Diagnose(const Machine& machine, const Measured& measured);

}  // namespace pano::doctor
