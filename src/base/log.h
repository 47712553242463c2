#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace pano {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Where log lines go. A sink is called from any thread, one call at a time.
using LogSink = std::function<void(LogLevel, std::string_view message)>;

// Replaces the sink (default: "level message" on stderr). Thread-safe.
void SetLogSink(LogSink sink);
// Lines below `level` are dropped before they are made (default: kInfo). Thread-safe.
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);
void LogMessage(LogLevel level, std::string_view message);

// LogInfo("[engine] ", n, " blocks") and its siblings; the pieces as for StrCat.
template <typename... Pieces>
void LogDebug(const Pieces&... pieces) {
  if (LogEnabled(LogLevel::kDebug)) LogMessage(LogLevel::kDebug, StrCat(pieces...));
}
template <typename... Pieces>
void LogInfo(const Pieces&... pieces) {
  if (LogEnabled(LogLevel::kInfo)) LogMessage(LogLevel::kInfo, StrCat(pieces...));
}
template <typename... Pieces>
void LogWarning(const Pieces&... pieces) {
  if (LogEnabled(LogLevel::kWarning)) LogMessage(LogLevel::kWarning, StrCat(pieces...));
}
template <typename... Pieces>
void LogError(const Pieces&... pieces) {
  if (LogEnabled(LogLevel::kError)) LogMessage(LogLevel::kError, StrCat(pieces...));
}

}  // namespace pano
