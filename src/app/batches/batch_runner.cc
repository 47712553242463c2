#include "app/batches/batch_runner.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::batches {
namespace {

constexpr std::string_view kRevoked = "access_revoked";  // the code of lines and batches

// Whether the answer says that another time it would be another one.
bool ForNow(const LineAnswer& answer) {
  constexpr int kTooMany = 429;
  constexpr int kUnavailable = 503;
  return answer.status == 0 || answer.status == kTooMany || answer.status == kUnavailable;
}

// Whether a file that gave this error will give it again. Want of descriptors and memory passes.
bool Lasts(const Status& status) { return status.code() != StatusCode::kExhausted; }

// The errors of a batch, JSON.
std::string ErrorsOf(std::string_view code, std::string_view message) {
  json::Value error;
  error.Set("code", code);
  error.Set("message", message);
  return json::Dump(json::Value(json::Array{std::move(error)}));
}

std::string UnreadableErrors(const Status& why) { return ErrorsOf("input_file_unreadable", why.message()); }

}  // namespace

BatchRunner::BatchRunner(BatchStore& store, LineService service, Options options, Clock& clock, MakerCheck maker_check)
    : store_(store),
      service_(std::move(service)),
      options_(options),
      clock_(clock),
      maker_check_(std::move(maker_check)),
      thread_(StartThread("pano-batches", [this](const std::stop_token&) { Run(); })) {}

BatchRunner::~BatchRunner() { Stop(); }

void BatchRunner::Wake() {
  MutexLock lock(inbox_->mu);
  inbox_->woken = true;
  inbox_->changed.NotifyAll();
}

void BatchRunner::Stop() {
  {
    MutexLock lock(inbox_->mu);
    inbox_->stopping = true;
    inbox_->changed.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void BatchRunner::Run() {
  TimePoint at = TimePoint::max();
  bool failing = false;
  while (true) {
    std::vector<Landed> landed;
    bool stopping = false;
    {
      MutexLock lock(inbox_->mu);
      while (inbox_->landed.empty() && !inbox_->woken && !inbox_->stopping) {
        if (!clock_.WaitUntil(inbox_->changed, inbox_->mu, at)) break;
      }
      landed = std::exchange(inbox_->landed, {});
      refresh_ = std::exchange(inbox_->woken, false) || refresh_;
      stopping = inbox_->stopping;
    }
    for (Landed& one : landed) Land(std::move(one));
    if (stopping) break;
    at = TimePoint::max();
    const Status status = Step(at);
    if (status.ok()) {
      if (std::exchange(failing, false)) LogInfo("[batches] they go on");
      continue;
    }
    if (!std::exchange(failing, true)) LogError("[batches] they wait: ", status.message());
    at = std::min(at, clock_.Now() + options_.retry_min);
  }
  for (auto& [id, batch] : active_) EndFlights(batch);
  for (auto& [id, batch] : active_) {
    if (Status status = batch.Write(store_); !status.ok()) {
      LogError("[batches] ", id, ": lines that were answered are answered again later: ", status.message());
    }
  }
}

Status BatchRunner::Refresh() {
  if (!refresh_) return {};
  PANO_ASSIGN_OR_RETURN(std::vector<BatchRecord> unfinished, store_.Unfinished());
  for (BatchRecord& record : unfinished) {
    const auto known = active_.find(record.id);
    if (known == active_.end()) {
      PANO_RETURN_IF_ERROR(Begin(std::move(record)));
    } else if (record.status == BatchStatus::kCancelling) {
      known->second.record().status = record.status;
      known->second.stopping = true;
      EndFlights(known->second);
    }
  }
  refresh_ = false;
  return {};
}

// A batch that is seen for the first time, or again after a restart.
Status BatchRunner::Begin(BatchRecord record) {
  const int64_t now = clock_.UnixSeconds();
  if (record.status == BatchStatus::kValidating) {
    Result<InputReport> report = CheckInput(store_.PathOf(record.input_file), record.endpoint, options_.input);
    if (!report.ok()) return GiveUp(std::move(record), report.error());
    PANO_RETURN_IF_ERROR(store_.SetTotal(record.id, report->lines));
    if (!report->errors.empty()) {
      LogInfo("[batches] ", record.id, " fails: its file is no list of requests of its endpoint");
      return store_.Fail(record.id, json::Dump(json::Value(std::move(report->errors))), now);
    }
    PANO_ASSIGN_OR_RETURN(const bool advanced,
                          store_.Advance(record.id, BatchStatus::kValidating, BatchStatus::kInProgress, now));
    record.status = advanced ? BatchStatus::kInProgress : BatchStatus::kCancelling;
    record.total = report->lines;
  }
  PANO_ASSIGN_OR_RETURN(std::set<int64_t> done, store_.DoneLines(record.id));
  Result<ActiveBatch> batch = ActiveBatch::Open(store_, record, std::move(done), options_.input.line_bytes_max);
  if (!batch.ok()) return GiveUp(std::move(record), batch.error());
  batch->stopping = record.status == BatchStatus::kCancelling;
  tenants_[record.tenant].batches.insert(record.id);
  active_.emplace(record.id, std::move(batch).value());
  return {};
}

Status BatchRunner::GiveUp(BatchRecord record, const Status& why) {
  if (!Lasts(why)) return why;
  LogError("[batches] ", record.id, " fails: its file cannot be read: ", why.message());
  record.errors = UnreadableErrors(why);
  PANO_RETURN_IF_ERROR(store_.Finish(record, BatchStatus::kFailed, clock_.UnixSeconds()));
  Forget(record.id);
  return {};
}

void BatchRunner::Forget(const std::string& id) {
  const auto found = active_.find(id);
  if (found == active_.end()) return;
  const auto tenant = tenants_.find(found->second.record().tenant);
  tenant->second.batches.erase(id);
  if (tenant->second.batches.empty()) tenants_.erase(tenant);
  active_.erase(found);
}

void BatchRunner::Land(Landed landed) {
  const auto found = active_.find(landed.batch);
  if (found == active_.end()) return;
  ActiveBatch& batch = found->second;
  const auto flight = batch.flights.find(landed.flight);
  if (flight == batch.flights.end()) return;  // it was ended
  ActiveBatch::Flight flown = std::move(flight->second);
  batch.flights.erase(flight);
  --in_flight_;
  if (!ForNow(landed.answer)) return batch.AddResult(flown.line, flown.request_id, landed.answer);
  Duration wait = options_.retry_min * (1 << std::min(flown.line.tries, 10));
  wait = std::max<Duration>(wait, std::chrono::seconds(std::min<int64_t>(landed.answer.retry_after_seconds, 3600)));
  ++flown.line.tries;
  flown.line.not_before = clock_.Now() + std::min(wait, options_.retry_max);
  batch.Return(std::move(flown.line));
}

void BatchRunner::EndFlights(ActiveBatch& batch) {
  for (auto& [number, flight] : std::exchange(batch.flights, {})) {
    flight.cancel();
    --in_flight_;
    batch.Return(std::move(flight.line));
  }
}

Status BatchRunner::Step(TimePoint& at) {
  PANO_RETURN_IF_ERROR(Refresh());
  for (auto next = active_.begin(); next != active_.end();) {
    const auto batch = next++;
    bool over = false;
    PANO_RETURN_IF_ERROR(StepBatch(batch->second, over));
    if (over) Forget(std::string(batch->first));
  }
  return LaunchLines(at);
}

// The times of batches are looked at once a second.
Status BatchRunner::StepBatch(ActiveBatch& batch, bool& over) {
  if (batch.has_results()) PANO_RETURN_IF_ERROR(batch.Write(store_));
  BatchRecord& record = batch.record();
  if (record.status == BatchStatus::kInProgress && clock_.UnixSeconds() >= record.expires) {
    batch.stopping = true;
    EndFlights(batch);
  }
  const bool done = batch.drained() && batch.flights.empty();
  if (!batch.stopping && !done && record.status != BatchStatus::kFinalizing) return {};
  PANO_RETURN_IF_ERROR(Finish(batch));
  over = true;
  return {};
}

Status BatchRunner::Finish(ActiveBatch& batch) {
  BatchRecord& record = batch.record();
  const int64_t now = clock_.UnixSeconds();
  if (record.status == BatchStatus::kInProgress && batch.revoked) {
    constexpr std::string_view kWhy = "the key or client that made the batch was taken away";
    record.errors = ErrorsOf(kRevoked, kWhy);
    PANO_RETURN_IF_ERROR(EndLines(batch, kRevoked, kWhy));
    LogInfo("[batches] ", record.id, " fails: ", kWhy);
    return store_.Finish(record, BatchStatus::kFailed, now);
  }
  if (record.status == BatchStatus::kInProgress && batch.stopping) {
    PANO_RETURN_IF_ERROR(
        EndLines(batch, "batch_expired", "the batch's time was over before this request was answered"));
    return store_.Finish(record, BatchStatus::kExpired, now);
  }
  if (record.status == BatchStatus::kInProgress) {
    PANO_ASSIGN_OR_RETURN(const bool advanced,
                          store_.Advance(record.id, BatchStatus::kInProgress, BatchStatus::kFinalizing, now));
    record.status = advanced ? BatchStatus::kFinalizing : BatchStatus::kCancelling;
  }
  const bool cancelled = record.status == BatchStatus::kCancelling;
  PANO_RETURN_IF_ERROR(store_.Finish(record, cancelled ? BatchStatus::kCancelled : BatchStatus::kCompleted, now));
  LogInfo("[batches] ", record.id, cancelled ? " is cancelled" : " is completed");
  return {};
}

Status BatchRunner::EndLines(ActiveBatch& batch, std::string_view code, std::string_view message) {
  constexpr int kAtOnce = 256;
  for (int count = 1;; ++count) {
    TimePoint unused = TimePoint::max();
    const Result<std::optional<ActiveBatch::Line>> line = batch.Next(TimePoint::max(), unused);
    if (!line.ok() && !Lasts(line.error())) return line.error();
    if (!line.ok()) batch.record().errors = UnreadableErrors(line.error());  // what is left has no name any more
    const bool last = !line.ok() || !*line;
    if (!last) batch.AddUnanswered(**line, code, message);
    if (last || count % kAtOnce == 0) PANO_RETURN_IF_ERROR(batch.Write(store_));
    if (last) return {};
  }
}

Result<bool> BatchRunner::LaunchLineOf(const std::string& tenant, TimePoint now, TimePoint& at) {
  Turns& turns = tenants_.at(tenant);
  for (size_t without = 0; without < turns.batches.size(); ++without) {
    auto next = turns.batches.upper_bound(turns.last);
    if (next == turns.batches.end()) next = turns.batches.begin();
    turns.last = *next;
    ActiveBatch& batch = active_.at(*next);
    if (batch.stopping) continue;
    Result<auth::Principal> maker = batch.principal();
    if (maker_check_) maker = maker_check_(batch.principal());
    if (!maker.ok()) {
      batch.stopping = batch.revoked = true;
      EndFlights(batch);
      at = now;  // it ends at once
      continue;
    }
    Result<std::optional<ActiveBatch::Line>> line = batch.Next(now, at);
    if (!line.ok()) {  // the input was changed, or the disk has lost it: the others go on
      EndFlights(batch);
      PANO_RETURN_IF_ERROR(batch.Write(store_));
      PANO_RETURN_IF_ERROR(GiveUp(batch.record(), line.error()));
      return true;
    }
    if (!*line) continue;
    Launch(batch, *std::move(*line), *std::move(maker));
    return true;
  }
  return false;
}

Status BatchRunner::LaunchLines(TimePoint& at) {
  const TimePoint now = clock_.Now();
  size_t without = 0;  // tenants in a row that had no line
  while (in_flight_ < options_.window && without < tenants_.size()) {
    auto next = tenants_.upper_bound(turn_);
    if (next == tenants_.end()) next = tenants_.begin();
    turn_ = next->first;
    PANO_ASSIGN_OR_RETURN(const bool began, LaunchLineOf(turn_, now, at));
    without = began ? 0 : without + 1;
  }
  for (const auto& [id, batch] : active_) {
    if (batch.drained() && batch.flights.empty()) at = now;  // its input was seen to end just now
  }
  // Batches expire without anybody saying so.
  if (!active_.empty()) at = std::min(at, now + std::chrono::seconds(1));
  return {};
}

void BatchRunner::Launch(ActiveBatch& batch, ActiveBatch::Line line, auth::Principal maker) {
  const uint64_t number = ++flights_;
  ActiveBatch::Flight& flight = batch.flights[number];
  flight.line = std::move(line);
  flight.request_id = StrCat("batch_req_", RandomHex(12));
  flight.cancel = [] {};
  ++in_flight_;
  LineRequest request{std::move(maker), batch.record().endpoint, flight.line.body, flight.request_id};
  auto done = [inbox = inbox_, id = batch.record().id, number](LineAnswer answer) {
    MutexLock lock(inbox->mu);
    inbox->landed.push_back({id, number, std::move(answer)});
    inbox->changed.NotifyAll();
  };
  flight.cancel = service_(std::move(request), std::move(done));
}

}  // namespace pano::batches
