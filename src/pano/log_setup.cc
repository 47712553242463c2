#include "pano/log_setup.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/strings.h"

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

void Log(spdlog::logger& logger, LogLevel level, std::string_view text) {
  logger.log(SpdlogLevel(level), spdlog::string_view_t(text.data(), text.size()));
}

// The members of `object` without the braces around them; the pattern has those, and the time.
std::string Members(const json::Value& object) {
  std::string text = json::Dump(object);
  return text.size() < 2 ? text : text.substr(1, text.size() - 2);
}

std::string_view LevelName(LogLevel level) {
  constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};
  return kNames[static_cast<size_t>(level)];
}

}  // namespace

EventLog SetUpLogging(std::string_view level, std::string_view format) {
  SetLogLevel(ParseLevel(level));
  EventLog plain = [](LogLevel at, std::string_view text, const json::Value&) {
    if (LogEnabled(at)) LogMessage(at, text);
  };
  try {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    auto logger = std::make_shared<spdlog::logger>("pano", std::move(sink));
    logger->set_level(spdlog::level::debug);  // base/log has dropped what is below the level
    logger->flush_on(spdlog::level::debug);
    if (format != "json") {
      logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
      SetLogSink([logger](LogLevel at, std::string_view message) { Log(*logger, at, message); });
      return plain;
    }
    logger->set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%e%z\",%v}");
    SetLogSink([logger](LogLevel at, std::string_view message) {
      json::Value line;
      line.Set("level", LevelName(at));
      line.Set("message", message);
      Log(*logger, at, Members(line));
    });
    return [logger](LogLevel at, std::string_view, const json::Value& members) {
      if (!LogEnabled(at)) return;
      json::Value line;
      line.Set("level", LevelName(at));
      Log(*logger, at, StrCat(Members(line), ",", Members(members)));
    };
  } catch (const std::exception& error) {  // the default sink stays
    LogWarning("[log] spdlog: ", error.what());
    return plain;
  }
}

}  // namespace pano::cli
