#include "pano/plan/load_shape.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <vector>

#include "base/env.h"
#include "base/strings.h"
#include "infra/sim/trace.h"

namespace pano::plan {
namespace {

constexpr size_t kTraceBytesMax = 256u << 20;

// Days since 1970-01-01 (Howard Hinnant's "days from civil").
int64_t Days(int64_t y, int64_t m, int64_t d) {
  y -= m <= 2;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t yoe = y - era * 400;
  const int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

// "2023-11-16 18:15:46.6805900", or seconds as a number.
std::optional<double> Seconds(std::string_view text) {
  if (const auto number = ParseDouble(text)) return std::isfinite(*number) ? number : std::nullopt;
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  auto part = [&](size_t at, size_t size) { return ParseInt(text.substr(at, size)).value_or(-1); };
  const int64_t y = part(0, 4), mo = part(5, 2), d = part(8, 2), h = part(11, 2), mi = part(14, 2);
  std::string_view rest = text.substr(17);
  while (!rest.empty() && (rest.back() < '0' || rest.back() > '9')) rest.remove_suffix(1);
  const auto s = ParseDouble(rest.substr(0, rest.find('+')));
  if (y < 1970 || mo < 1 || mo > 12 || d < 1 || d > 31 || h < 0 || h > 23 || mi < 0 || mi > 59 || !s || !(*s >= 0 && *s < 61)) return std::nullopt;
  return static_cast<double>(Days(y, mo, d) * 86400 + h * 3600 + mi * 60) + *s;
}

Result<double> Duration(std::string_view text, std::string_view all) {
  double unit = 1;
  if (text.ends_with("ms")) {
    unit = 1e-3;
    text.remove_suffix(2);
  } else if (text.ends_with("s")) {
    text.remove_suffix(1);
  }
  const auto number = ParseDouble(text);
  if (!number || !(*number > 0 && *number < 1e6)) {
    return InvalidArgument(StrCat("--slo ", Printable(all), ": '", Printable(text), "' is no time as 500ms or 0.5s")).WithField("slo");
  }
  return *number * unit;
}

}  // namespace

Result<ServiceLevels> ParseLevels(std::string_view text) {
  ServiceLevels levels;
  if (text.empty()) return levels;
  for (std::string_view part : Split(text, ',')) {
    const size_t equals = part.find('=');
    const std::string_view key = Trim(part.substr(0, equals));
    if (equals == part.npos || (key != "ttft" && key != "itl")) {
      return InvalidArgument(StrCat("--slo ", Printable(text), ": expected ttft=TIME,itl=TIME")).WithField("slo");
    }
    PANO_ASSIGN_OR_RETURN((key == "ttft" ? levels.ttft_s : levels.itl_s), Duration(Trim(part.substr(equals + 1)), text));
  }
  return levels;
}

namespace {

// Sums over requests that come one after another.
struct Sums {
  int64_t requests = 0;
  double first = 0, last = 0, prompt = 0, answer = 0;
  std::map<int64_t, int64_t> minutes;

  void Add(double time, int64_t in, int64_t out) {
    if (requests++ == 0) first = time;
    last = time;
    prompt += static_cast<double>(in);
    answer += static_cast<double>(out);
    ++minutes[static_cast<int64_t>((time - first) / 60)];
  }
};

constexpr double kMinutesMax = 1e7;

Result<LoadShape> ShapeOf(const Sums& sums, std::string_view source) {
  LoadShape shape;
  shape.requests = sums.requests;
  if (sums.requests < 2 || sums.last <= sums.first) return InvalidArgument(StrCat(source, ": a trace has at least two requests at different times"));
  const auto n = static_cast<double>(sums.requests);
  shape.requests_s = n / (sums.last - sums.first);
  shape.prompt_tokens = std::max<int64_t>(1, std::llround(sums.prompt / n));
  shape.answer_tokens = std::max<int64_t>(1, std::llround(sums.answer / n));
  int64_t most = 0;
  for (const auto& [minute, count] : sums.minutes) most = std::max(most, count);
  shape.peak_to_mean = sums.last - sums.first < 60 ? 1 : std::max(1.0, static_cast<double>(most) / 60 / shape.requests_s);
  return shape;
}

// Mooncake's JSON lines.
Result<LoadShape> ParseJsonLines(std::string_view text, std::string_view source) {
  PANO_ASSIGN_OR_RETURN(const std::vector<sim::TraceRequest> requests, sim::ParseTrace(text).Wrap(source));
  Sums sums;
  for (const sim::TraceRequest& one : requests) {
    if ((one.arrival_s - requests.front().arrival_s) / 60 > kMinutesMax) return InvalidArgument(StrCat(source, ": the trace is longer than nineteen years"));
    sums.Add(one.arrival_s, one.input_tokens, one.output_tokens);
  }
  return ShapeOf(sums, source);
}

}  // namespace

Result<LoadShape> ParseTrace(std::string_view text, std::string_view source) {
  if (Trim(text.substr(0, 256)).starts_with('{')) return ParseJsonLines(text, source);
  Sums sums;
  size_t line_number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    if (line.empty() || (line_number == 1 && line.find("TIMESTAMP") != line.npos)) continue;
    const auto fields = Split(line, ',');
    const auto time = fields.size() == 3 ? Seconds(Trim(fields[0])) : std::nullopt;
    const auto in = time ? ParseInt(Trim(fields[1])) : std::nullopt;
    const auto out = in ? ParseInt(Trim(fields[2])) : std::nullopt;
    constexpr int64_t kTokensMax = 1 << 28;
    if (!out || *in < 0 || *out < 0 || *in > kTokensMax || *out > kTokensMax) {
      return InvalidArgument(StrCat(source, ", line ", line_number, ": expected TIMESTAMP,ContextTokens,GeneratedTokens, found '",
                                    Printable(line), "'"));
    }
    if (sums.requests > 0 && *time < sums.last) {
      return InvalidArgument(StrCat(source, ", line ", line_number, ": the time is before that of the line above"));
    }
    if (sums.requests > 0 && (*time - sums.first) / 60 > kMinutesMax) {
      return InvalidArgument(StrCat(source, ", line ", line_number, ": the trace is longer than nineteen years"));
    }
    sums.Add(*time, *in, *out);
  }
  return ShapeOf(sums, source);
}

Result<LoadShape> ReadLoad(const std::string& text) {
  if (const auto rate = ParseDouble(text)) {
    if (!(*rate > 0 && *rate <= 1e9)) {
      return InvalidArgument(StrCat("--load ", Printable(text), ": expected requests a second, above 0")).WithField("load");
    }
    return LoadShape{.requests_s = *rate};
  }
  PANO_ASSIGN_OR_RETURN(const std::string trace, ReadFile(text, kTraceBytesMax).Wrap(StrCat("--load ", Printable(text, 400))));
  return ParseTrace(trace, text);
}

}  // namespace pano::plan
