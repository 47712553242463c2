#include "pano/load/capacity.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "pano/load/load_report.h"
#include "pano/load/yield_to_server.h"

namespace pano::load {
namespace {

int64_t RequestsFor(double rate, double seconds) {
  return std::max<int64_t>(1, static_cast<int64_t>(std::llround(rate * seconds)));
}

int64_t CountAnswered(const RunResult& run) {
  return std::ranges::count_if(run.outcomes, [](const Outcome& one) { return one.status.ok(); });
}

// Requests a second in a closed loop of `requests`.
Result<double> ClosedLoop(const http::Url& url, const WorkloadOptions& workload, const CapacityOptions& options,
                          int64_t requests) {
  RunOptions run;
  run.requests = requests;
  run.concurrency = options.concurrency;
  run.client = options.client;
  const RunResult result = SendAll(url, workload, run, {});
  const int64_t answered = CountAnswered(result);
  if (answered == 0) return result.outcomes.front().status.Wrap("no request was answered");
  return static_cast<double>(answered) / std::max(result.seconds, 1e-9);
}

ShareResult OpenLoop(const http::Url& url, WorkloadOptions workload, const CapacityOptions& options,
                     double share, double capacity) {
  ShareResult result;
  result.share = share;
  result.offered = share * capacity;
  RunOptions run;
  run.rate = result.offered;
  run.requests = RequestsFor(run.rate, options.seconds);
  run.client = options.client;
  workload.seed += static_cast<uint64_t>(share * 1000);  // other texts than in the run before
  // Below capacity, times to an answer are what is measured, and the client must see each answer at once; above it there
  // is no core to spare for that.
  std::optional<YieldToServer> yield;
  if (share > 1) yield.emplace();
  const RunResult done = SendAll(url, workload, run, {});
  result.seconds = done.seconds;
  result.requests = run.requests;
  for (const Outcome& one : done.outcomes) {
    if (one.status.ok()) {
      result.answer_seconds.push_back(one.e2e);
    } else if (one.refused) {
      ++result.refused;
      result.refusal_seconds.push_back(one.e2e);
    } else {
      ++result.failed;
    }
  }
  result.answered =
      static_cast<double>(result.answer_seconds.size()) / std::max(result.seconds, 1e-9);
  return result;
}

double Rounded(double value) { return std::round(value * 1000) / 1000; }

json::Value PercentilesMs(const std::vector<double>& seconds) {
  json::Value out{json::Object()};
  if (seconds.empty()) return out;
  for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p99", 0.99}, {"max", 1.0}}) {
    out.Set(name, Rounded(Percentile(seconds, share) * 1e3));
  }
  return out;
}

double GoodputShare(const CapacityResult& result, const ShareResult& one) {
  return one.answered / std::max(result.capacity, 1e-9);
}

}  // namespace

Result<CapacityResult> MeasureCapacity(const http::Url& url, const WorkloadOptions& workload,
                                       const CapacityOptions& options,
                                       const std::function<void(const std::string& what)>& on_run) {
  const auto say = [&](const std::string& what) {
    if (on_run) on_run(what);
  };
  CapacityResult result;
  say("warming up");
  PANO_ASSIGN_OR_RETURN(const double first,
                        ClosedLoop(url, workload, options, 2 * options.concurrency));
  PANO_ASSIGN_OR_RETURN(const double warm,
                        ClosedLoop(url, workload, options, RequestsFor(first, options.seconds / 10)));
  say("measuring the capacity");
  PANO_ASSIGN_OR_RETURN(const double before,
                        ClosedLoop(url, workload, options, RequestsFor(warm, options.seconds)));
  for (double share : options.shares) {
    say(StrCat("offering ", share, " of ", static_cast<int64_t>(before), " requests a second"));
    result.shares.push_back(OpenLoop(url, workload, options, share, before));
  }
  say("measuring the capacity again");
  PANO_ASSIGN_OR_RETURN(const double after,
                        ClosedLoop(url, workload, options, RequestsFor(before, options.seconds)));
  result.capacity = (before + after) / 2;
  return result;
}

json::Value CapacityReport(const CapacityResult& result) {
  json::Value shares{json::Array()};
  for (const ShareResult& one : result.shares) {
    json::Value row;
    row.Set("share", one.share);
    row.Set("offered", Rounded(one.offered));
    row.Set("answered", Rounded(one.answered));
    row.Set("goodput_share", Rounded(GoodputShare(result, one)));
    row.Set("requests", one.requests);
    row.Set("refused", one.refused);
    row.Set("failed", one.failed);
    row.Set("seconds", Rounded(one.seconds));
    row.Set("answer_ms", PercentilesMs(one.answer_seconds));
    row.Set("refusal_ms", PercentilesMs(one.refusal_seconds));
    shares.Append(std::move(row));
  }
  json::Value report;
  report.Set("capacity", Rounded(result.capacity));
  report.Set("shares", std::move(shares));
  return report;
}

std::string FormatCapacity(const CapacityResult& result) {
  char line[192];
  std::snprintf(line, sizeof line, "capacity %.1f requests/s (closed loop)\n\n", result.capacity);
  std::string out = line;
  std::snprintf(line, sizeof line, "%8s %10s %10s %9s %9s %8s %10s %10s %12s\n", "share", "offered/s",
                "answered/s", "goodput", "refused", "failed", "p50 ms", "p99 ms", "refusal p99");
  out += line;
  for (const ShareResult& one : result.shares) {
    const auto ms = [](const std::vector<double>& seconds, double share) {
      return seconds.empty() ? 0.0 : Percentile(seconds, share) * 1e3;
    };
    std::snprintf(line, sizeof line, "%8.2f %10.1f %10.1f %8.1f%% %9lld %8lld %10.1f %10.1f %12.1f\n", one.share,
                  one.offered, one.answered, 100 * GoodputShare(result, one), static_cast<long long>(one.refused),
                  static_cast<long long>(one.failed), ms(one.answer_seconds, 0.5), ms(one.answer_seconds, 0.99),
                  ms(one.refusal_seconds, 0.99));
    out += line;
  }
  return out;
}

Result<std::vector<double>> ParseShares(std::string_view text) {
  constexpr size_t kSharesMax = 16;
  constexpr double kShareMax = 100;
  std::vector<double> shares;
  for (std::string_view part : Split(text, ',')) {
    const std::optional<double> share = ParseDouble(Trim(part));
    if (!share || !(*share > 0) || *share > kShareMax || shares.size() == kSharesMax) {
      return InvalidArgument(StrCat("'", Printable(text), "' is no list of up to ", kSharesMax,
                                    " numbers above 0 and up to ", kShareMax, ", such as 0.6,1.5"));
    }
    shares.push_back(*share);
  }
  return shares;
}

}  // namespace pano::load
