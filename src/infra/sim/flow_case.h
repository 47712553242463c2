#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "infra/sim/flow_network.h"

namespace pano::sim {

// One flow of a case. A value.
struct CaseFlow {
  std::string id;
  std::vector<LinkId> path;  // indices into FlowCase::links
  double bytes = 0;
  Time start_s = 0;
  double cap = kNoCap;  // bytes a second
};

// Links with their capacities and flows over them, each from a time of its own. A value.
struct FlowCase {
  struct Link {
    std::string id;
    double capacity = 0;  // bytes a second
  };
  std::string name;
  std::vector<Link> links;
  std::vector<CaseFlow> flows;
};

inline constexpr size_t kCaseBytesMax = 64 << 20;
inline constexpr size_t kCaseFlowsMax = 100'000;  // of all cases of a file; as many links
inline constexpr size_t kCasePathMax = 64;

// {"cases": [{"name", "links": {id: GB/s}, "flows": [{"id", "path", "bytes", "start_s", "cap_gb_s"?}]}]}, or one
// such case alone. Other members are left alone. A failure names the case, the flow and the field.
Result<std::vector<FlowCase>> ParseFlowCases(std::string_view json);

// What came of each flow, in the order of the case. A value.
struct FlowOutcome {
  std::optional<double> rate_at_0;  // bytes a second; of flows that start at 0
  Time finish_s = 0;
};
struct FlowRun {
  std::vector<FlowOutcome> flows;
  // "start ID" and "end ID": ends before starts at one time, then by position.
  std::vector<std::string> order;
};

// Unavailable when flows are left that no link carries, Exhausted beyond the limits on work.
Result<FlowRun> RunFlowCase(const FlowCase& flow_case);

}  // namespace pano::sim
