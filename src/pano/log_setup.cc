#include "pano/log_setup.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <memory>

#include "base/log.h"

namespace pano::cli {
namespace {

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

LogLevel ParseLevel(std::string_view level) {
  if (level == "debug") return LogLevel::kDebug;
  if (level == "warning") return LogLevel::kWarning;
  if (level == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

}  // namespace

void SetUpLogging(std::string_view level) {
  SetLogLevel(ParseLevel(level));
  try {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    auto logger = std::make_shared<spdlog::logger>("pano", std::move(sink));
    logger->set_level(spdlog::level::debug);  // base/log has dropped what is below the level
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
    logger->flush_on(spdlog::level::debug);
    SetLogSink([logger](LogLevel at, std::string_view message) {
      logger->log(SpdlogLevel(at), spdlog::string_view_t(message.data(), message.size()));
    });
  } catch (const std::exception& error) {  // the default sink stays
    LogWarning("[log] spdlog: ", error.what());
  }
}

}  // namespace pano::cli
