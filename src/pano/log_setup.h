#pragma once

#include <functional>
#include <string_view>

#include "base/json.h"
#include "base/log.h"

namespace pano::cli {

// Logs something that has members beside its text: one line in either format. Thread-safe.
using EventLog = std::function<void(LogLevel level, std::string_view text, const json::Value& members)>;

// Sends log lines through spdlog to stderr, with time and level. `level` is debug, info, warning or
// error. `format` is text (coloured on a terminal only) or json: an object a line with "time", "level",
// and "message" or, for an event, its members.
EventLog SetUpLogging(std::string_view level, std::string_view format = "text");

}  // namespace pano::cli
