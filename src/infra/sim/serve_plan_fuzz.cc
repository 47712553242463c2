// Any bytes as a plan of serving; a plan that is read has steps that take time.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "infra/sim/serve_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const auto plan = sim::ParseServePlan({reinterpret_cast<const char*>(data), size});
  if (!plan.ok()) {
    PANO_CHECK(!plan.error().message().empty());
    return 0;
  }
  PANO_CHECK(plan->replicas >= 1 && plan->max_sequences >= 1 && plan->step_tokens >= 1);
  PANO_CHECK(plan->time.Of({.prefill_tokens = 1}) > 0);
  return 0;
}
