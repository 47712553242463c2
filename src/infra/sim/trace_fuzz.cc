// Any bytes as a trace: a Status that says why, or requests in their order.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "infra/sim/trace.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const auto trace = sim::ParseTrace({reinterpret_cast<const char*>(data), size});
  if (!trace.ok()) {
    PANO_CHECK(!trace.error().message().empty());
    return 0;
  }
  sim::Time last = 0;
  for (const sim::TraceRequest& request : *trace) {
    PANO_CHECK(request.arrival_s >= last && request.input_tokens >= 1 && request.output_tokens >= 1);
    last = request.arrival_s;
  }
  return 0;
}
