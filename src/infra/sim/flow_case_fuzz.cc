// Any bytes as a file of flow cases; what is read is also run where it is small.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "infra/sim/flow_case.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const auto cases = sim::ParseFlowCases({reinterpret_cast<const char*>(data), size});
  if (!cases.ok()) {
    PANO_CHECK(!cases.error().message().empty());
    return 0;
  }
  for (const sim::FlowCase& flow_case : *cases) {
    if (flow_case.flows.size() > 64) continue;
    const auto run = sim::RunFlowCase(flow_case);
    if (!run.ok()) continue;
    for (size_t i = 0; i < run->flows.size(); ++i) {
      PANO_CHECK(run->flows[i].finish_s >= flow_case.flows[i].start_s);
    }
  }
  return 0;
}
