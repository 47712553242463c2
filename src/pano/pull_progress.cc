#include "pano/pull_progress.h"

#include <cmath>
#include <cstdio>

#include "base/json.h"
#include "base/strings.h"

namespace pano::cli {
namespace {

constexpr Duration kWindow = std::chrono::seconds(5);
constexpr Duration kJsonInterval = std::chrono::seconds(1);

void PrintLine(const json::Value& value) {
  std::printf("%s\n", json::Dump(value).c_str());
  std::fflush(stdout);
}

json::Value Event(std::string_view event) {
  json::Value value;
  value.Set("event", event);
  return value;
}

}  // namespace

void RateMeter::Add(TimePoint now, uint64_t bytes) {
  samples_.emplace_back(now, bytes);
  while (samples_.size() > 2 && now - samples_.front().first > kWindow) samples_.pop_front();
}

double RateMeter::bytes_per_second() const {
  if (samples_.size() < 2) return 0;
  const double seconds = Seconds(samples_.back().first - samples_.front().first);
  if (seconds <= 0 || samples_.back().second < samples_.front().second) return 0;
  return static_cast<double>(samples_.back().second - samples_.front().second) / seconds;
}

std::string ShownBytes(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 || value >= 99.95 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string ShownSeconds(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(std::min(seconds, 1e9)));
  if (whole < 60) return StrCat(whole, " s");
  if (whole < 3600) return StrCat(whole / 60, " min ", whole % 60, " s");
  return StrCat(whole / 3600, " h ", whole % 3600 / 60, " min");
}

PullProgress::PullProgress(std::string name, bool json)
    : name_(std::move(name)), json_(json), line_(StrCat("pulling ", name_)) {}

void PullProgress::Attach(hub::PullOptions& options) {
  options.on_plan = [this](const hub::PullPlan& plan) { OnPlan(plan); };
  options.transfer.on_progress = [this](const hub::TransferState& state) { OnProgress(state); };
  options.transfer.on_retry = [this](const Status& failure, Duration delay) { OnRetry(failure, delay); };
}

void PullProgress::OnPlan(const hub::PullPlan& plan) {
  if (json_) {
    json::Value event = Event("start");
    event.Set("name", name_);
    event.Set("commit", plan.commit);
    event.Set("files", static_cast<int64_t>(plan.files.size()));
    event.Set("bytes_total", plan.bytes_total);
    event.Set("bytes_missing", plan.bytes_missing);
    PrintLine(event);
  } else if (plan.bytes_missing > 0) {
    std::fprintf(stderr, "pulling %s: %zu files, %s, %s to fetch\n", name_.c_str(), plan.files.size(),
                 ShownBytes(plan.bytes_total).c_str(), ShownBytes(plan.bytes_missing).c_str());
  }
}

void PullProgress::OnProgress(const hub::TransferState& state) {
  const TimePoint now = Clock::Real().Now();
  rate_.Add(now, state.bytes_done);
  const double rate = rate_.bytes_per_second();
  const auto left = static_cast<double>(state.bytes_total - std::min(state.bytes_done, state.bytes_total));
  if (json_) {
    if (now - last_ < kJsonInterval) return;
    last_ = now;
    json::Value event = Event("progress");
    event.Set("bytes", state.bytes_done);
    event.Set("bytes_total", state.bytes_total);
    event.Set("bytes_per_second", std::round(rate));
    event.Set("seconds_left", rate > 0 ? json::Value(std::round(left / rate)) : json::Value());
    PrintLine(event);
    return;
  }
  if (state.bytes_total == 0) return;
  std::string note = StrCat(ShownBytes(state.bytes_done), " of ", ShownBytes(state.bytes_total));
  if (rate > 0) {
    note += StrCat(", ", ShownBytes(static_cast<uint64_t>(rate)), "/s, ", ShownSeconds(left / rate), " left");
  }
  if (state.blobs_elsewhere > 0) note += StrCat(", ", state.blobs_elsewhere, " by another pull");
  line_.Update(static_cast<double>(state.bytes_done) / static_cast<double>(state.bytes_total), note);
}

void PullProgress::OnRetry(const Status& failure, Duration delay) {
  if (json_) {
    json::Value event = Event("retry");
    event.Set("message", failure.message());
    event.Set("seconds", Seconds(delay));
    PrintLine(event);
  } else if (delay >= std::chrono::seconds(2)) {  // a shorter one is over before it is read
    std::fprintf(stderr, "%s; next try in %s\n", failure.message().c_str(),
                 ShownSeconds(Seconds(delay)).c_str());
  }
}

void PullProgress::Finish(const hub::PullResult& result) {
  if (!json_) return;
  json::Value event = Event("done");
  event.Set("path", result.model.path);
  event.Set("commit", result.model.commit);
  event.Set("files", json::Array(result.files.begin(), result.files.end()));
  event.Set("bytes_total", result.bytes_total);
  event.Set("bytes_fetched", result.bytes_fetched);
  PrintLine(event);
}

void PullProgress::Failed(const Status& failure) {
  if (!json_) return;
  json::Value event = Event("error");
  event.Set("code", Describe(failure.code()).name);
  if (!failure.reason().empty()) event.Set("reason", failure.reason());
  event.Set("message", failure.message());
  PrintLine(event);
}

}  // namespace pano::cli
