// Any bytes as a trace of requests and as service levels.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "pano/plan/load_shape.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto trace = plan::ParseTrace(text, "fuzz");
  PANO_CHECK(trace.ok() ? trace->requests_s > 0 && trace->peak_to_mean >= 1 : !trace.error().message().empty());
  const auto levels = plan::ParseLevels(text);
  if (levels.ok()) PANO_CHECK(levels->ttft_s >= 0 && levels->itl_s >= 0);
  return 0;
}
