#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pano::batches {

// A line of a batch's input. A value.
struct InputLine {
  std::string custom_id;
  std::string body;  // JSON
};

inline constexpr size_t kCustomIdBytesMax = 512;

// {"custom_id", "method": "POST", "url", "body"}: what is wrong with it has as its reason the code, and as
// its field the member ("custom_id"). `url` has to be `endpoint`.
Result<InputLine> ParseInputLine(std::string_view text, std::string_view endpoint);

}  // namespace pano::batches
