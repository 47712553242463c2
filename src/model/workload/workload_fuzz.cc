// Any bytes as a shape in one word and as config.json of a model to plan for.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "model/workload/workload.h"

namespace {

void Check(const pano::Result<pano::planner::WorkloadSpec>& spec) {
  using namespace pano;
  if (!spec.ok()) {
    PANO_CHECK(!spec.error().message().empty());
    return;
  }
  const int64_t parameters = spec->parameters();
  PANO_CHECK(parameters > 0 && spec->active_parameters() > 0 && spec->active_parameters() <= parameters);
  int64_t fallbacks = 0;
  PANO_CHECK(planner::WeightBytes(*spec, {"q4_0", 32, 18}, &fallbacks) <= 4 * parameters);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  if (size > 1 << 16) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto shape = workload::ShapeConfig(text); shape.ok()) Check(workload::FromConfig(*shape, "shape"));
  if (const auto config = json::Parse(text, {.allow_nan = true}); config.ok()) Check(workload::FromConfig(*config, "config"));
  return 0;
}
