#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::plan {

// Requests that come: how many a second, and how long they are. A value.
struct LoadShape {
  double requests_s = 0;
  double peak_to_mean = 1;        // of minutes
  int64_t prompt_tokens = 0;      // mean; 0: not said
  int64_t answer_tokens = 0;
  int64_t requests = 0;           // of a trace
};

// "12.5" (requests a second), or the path of a trace in the Azure format: TIMESTAMP,ContextTokens,GeneratedTokens a
// line. InvalidArgument with the line that is wrong.
Result<LoadShape> ReadLoad(const std::string& text);
Result<LoadShape> ParseTrace(std::string_view text, std::string_view source);

// "ttft=500ms,itl=0.05": seconds, or with ms, s behind the number.
struct ServiceLevels {
  double ttft_s = 0, itl_s = 0;   // 0: none
};
Result<ServiceLevels> ParseLevels(std::string_view text);

}  // namespace pano::plan
