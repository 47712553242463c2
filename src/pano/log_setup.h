#pragma once

#include <string_view>

namespace pano::cli {

// Sends log lines through spdlog to stderr, with time and level (coloured on a terminal only).
// `level` is debug, info, warning or error.
void SetUpLogging(std::string_view level);

}  // namespace pano::cli
