#include "pano/load/load_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/check.h"
#include "base/strings.h"

namespace pano::load {
namespace {

// Three digits behind the point are enough for milliseconds and rates.
double Rounded(double value) { return std::round(value * 1000) / 1000; }

json::Value PercentilesMs(const std::vector<double>& seconds) {
  json::Value out;
  for (const auto& [name, share] :
       {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1.0}}) {
    json::Value value;
    if (!seconds.empty()) value = Rounded(Percentile(seconds, share) * 1e3);
    out.Set(name, std::move(value));
  }
  return out;
}

std::string Cell(const json::Value* value) {
  if (value == nullptr || !value->is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value->as_double());
  return text;
}

std::string Row(std::string_view label, const json::Value& percentiles) {
  char text[128];
  std::snprintf(text, sizeof text, "%-22s %10s %10s %10s %10s\n", std::string(label).c_str(),
                Cell(percentiles.Find("p50")).c_str(), Cell(percentiles.Find("p90")).c_str(),
                Cell(percentiles.Find("p99")).c_str(), Cell(percentiles.Find("max")).c_str());
  return text;
}

}  // namespace

double Percentile(std::vector<double> values, double share) {
  PANO_CHECK(!values.empty());
  std::ranges::sort(values);
  const double at = share * static_cast<double>(values.size() - 1);
  const size_t below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (at - static_cast<double>(below));
}

json::Value MakeReport(const WorkloadOptions& workload, const RunOptions& options,
                       const RunResult& result) {
  std::vector<double> ttft, itl, e2e;
  std::map<std::string, int64_t> messages;
  int64_t prompt_tokens = 0, generated_tokens = 0, errors = 0;
  for (const Outcome& outcome : result.outcomes) {
    if (!outcome.status.ok()) {
      ++errors;
      ++messages[outcome.status.message()];
      continue;
    }
    ttft.push_back(outcome.ttft);
    e2e.push_back(outcome.e2e);
    itl.insert(itl.end(), outcome.itl.begin(), outcome.itl.end());
    prompt_tokens += outcome.prompt_tokens > 0 ? outcome.prompt_tokens : workload.prompt_tokens;
    generated_tokens += outcome.generated_tokens;
  }
  const double seconds = std::max(result.seconds, 1e-9);
  json::Value report;
  report.Set("model", workload.model);
  report.Set("api", DialectName(workload.dialect));
  if (options.rate > 0) {
    report.Set("rate", options.rate);
  } else {
    report.Set("concurrency", std::min(options.concurrency, options.requests));
  }
  report.Set("requests", static_cast<int64_t>(result.outcomes.size()));
  report.Set("errors", errors);
  report.Set("seconds", Rounded(seconds));
  report.Set("prompt_tokens", prompt_tokens);
  report.Set("generated_tokens", generated_tokens);
  report.Set("requests_s", Rounded(static_cast<double>(e2e.size()) / seconds));
  report.Set("gen_tok_s", Rounded(static_cast<double>(generated_tokens) / seconds));
  report.Set("total_tok_s",
             Rounded(static_cast<double>(prompt_tokens + generated_tokens) / seconds));
  report.Set("ttft_ms", PercentilesMs(ttft));
  report.Set("itl_ms", PercentilesMs(itl));
  report.Set("e2e_ms", PercentilesMs(e2e));
  json::Value reasons = json::Object();
  for (const auto& [message, count] : messages) {
    if (reasons.as_object().size() < 20) reasons.Set(message, count);
  }
  report.Set("error_messages", std::move(reasons));
  return report;
}

std::string FormatReport(const json::Value& report) {
  const auto number = [&](const char* key) { return Cell(report.Find(key)); };
  const auto count = [&](const char* key) { return StrCat(report.Find(key)->as_int()); };
  std::string out =
      StrCat(report.Find("model")->as_string(), ": ", count("requests"), " requests, ",
             count("errors"), " errors, ", number("seconds"), " s, ",
             report.Find("rate") != nullptr ? StrCat(number("rate"), " a second")
                                            : StrCat(count("concurrency"), " at once"),
             "\n", "generated ", count("generated_tokens"), " tokens, ", number("gen_tok_s"),
             " tokens/s (", number("total_tok_s"), " with prompts), ", number("requests_s"),
             " requests/s\n\n");
  char head[128];
  std::snprintf(head, sizeof head, "%-22s %10s %10s %10s %10s\n", "milliseconds", "p50", "p90",
                "p99", "max");
  out.append(head);
  out.append(Row("first token", *report.Find("ttft_ms")));
  out.append(Row("between tokens", *report.Find("itl_ms")));
  out.append(Row("whole request", *report.Find("e2e_ms")));
  for (const auto& [message, times] : report.Find("error_messages")->as_object()) {
    out.append(StrCat("error x", times.as_int(), ": ", message, "\n"));
  }
  return out;
}

}  // namespace pano::load
