#include "app/service/request_log.h"

#include <cmath>
#include <string_view>

#include "base/strings.h"

namespace pano::service {
namespace {

constexpr size_t kMethodBytesMax = 16;
constexpr size_t kPathBytesMax = 200;

// "-" where there is nothing, as in logs of the web.
std::string Shown(std::string_view text, size_t bytes_max) {
  return text.empty() ? "-" : Printable(text, bytes_max);
}

bool IsProbe(std::string_view route) {
  return route == "/livez" || route == "/readyz" || route == "/health" || route == "/metrics";
}

}  // namespace

RequestLine MakeRequestLine(const api::RequestRecord& record) {
  const std::string method = Shown(record.method, kMethodBytesMax);
  const std::string path = Shown(record.target.substr(0, record.target.find('?')), kPathBytesMax);
  const std::string model = Shown(record.model, kPathBytesMax);
  const double ms = std::round(record.seconds * 1e4) / 10;

  RequestLine line;
  if (IsProbe(record.route) && record.status < 400) line.level = LogLevel::kDebug;
  line.text = StrCat("[request] ", method, " ", path, " ", model, " ", record.status, " ",
                     record.tokens.prompt, "+", record.tokens.completion, " tokens ", ms, " ms ",
                     Shown(record.id, 64));
  json::Value& members = line.members;
  members.Set("event", "request");
  members.Set("method", method);
  members.Set("path", path);
  members.Set("model", record.model.empty() ? json::Value() : json::Value(model));
  members.Set("status", record.status);
  members.Set("prompt_tokens", record.tokens.prompt);
  members.Set("completion_tokens", record.tokens.completion);
  members.Set("ms", ms);
  members.Set("id", record.id);
  return line;
}

}  // namespace pano::service
