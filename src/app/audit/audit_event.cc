#include "app/audit/audit_event.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "base/json.h"

namespace pano::audit {
namespace {

json::Value Text(std::string_view text) { return json::Value(text.substr(0, kTextBytesMax)); }

}  // namespace

std::string FormatTime(int64_t unix_seconds) {
  const auto time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text.data(), size);
}

std::string FormatEvent(const Event& event, int64_t unix_seconds) {
  json::Value line;
  line.Set("time", FormatTime(unix_seconds));
  line.Set("action", Text(event.action));
  line.Set("outcome", Text(event.outcome));
  const auto set = [&line](std::string_view name, std::string_view text) {
    if (!text.empty()) line.Set(name, Text(text));
  };
  set("actor", event.actor);
  set("tenant", event.tenant);
  set("target", event.target);
  set("peer", event.peer);
  set("request_id", event.request_id);
  constexpr size_t kDetailsMax = 16;
  for (size_t i = 0; i < event.details.size() && i < kDetailsMax; ++i) {
    set(event.details[i].first, event.details[i].second);
  }
  return json::Dump(line) + "\n";
}

}  // namespace pano::audit
