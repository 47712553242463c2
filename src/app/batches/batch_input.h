#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/env.h"
#include "base/json.h"
#include "base/result.h"

namespace pano::batches {

// What a batch may consist of.
struct InputLimits {
  size_t lines_max = 50'000;
  size_t line_bytes_max = 4 << 20;
};

// The outcome of looking through an input before a line of it is run. A value.
struct InputReport {
  int64_t lines = 0;
  // Empty: all is well. Else a list of {"code", "message", "param", "line"}, the first kErrorsMax of them.
  json::Array errors;
  static constexpr size_t kErrorsMax = 50;
};

// Looks at every line: it has to be a request of the endpoint, with a custom_id that no other has. Fails only
// where the file cannot be read.
Result<InputReport> CheckInput(const std::string& path, std::string_view endpoint, const InputLimits& limits,
                               Env& env = Env::Real());

}  // namespace pano::batches
