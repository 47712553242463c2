#include "base/log.h"

#include <atomic>
#include <cstdio>
#include <mutex>

namespace pano {
namespace {

struct Logger {
  std::atomic<LogLevel> level{LogLevel::kInfo};
  std::mutex mu;
  LogSink sink;
};

Logger& TheLogger() {
  static Logger logger;
  return logger;
}

}  // namespace

void SetLogSink(LogSink sink) {
  std::lock_guard lock(TheLogger().mu);
  TheLogger().sink = std::move(sink);
}

void SetLogLevel(LogLevel level) { TheLogger().level.store(level, std::memory_order_relaxed); }

bool LogEnabled(LogLevel level) {
  return level >= TheLogger().level.load(std::memory_order_relaxed);
}

void LogMessage(LogLevel level, std::string_view message) {
  constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  std::lock_guard lock(TheLogger().mu);
  if (TheLogger().sink) {
    TheLogger().sink(level, message);
  } else {
    std::fprintf(stderr, "%s %.*s\n", kNames[static_cast<int>(level)],
                 static_cast<int>(message.size()), message.data());
  }
}

}  // namespace pano
