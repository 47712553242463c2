#include "app/streams/stream_store.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "base/threads.h"

namespace pano::streams {
namespace {

// How often a producer that waits for the memory of others is looked after.
constexpr Duration kMemoryPoll = std::chrono::milliseconds(50);

Status NoStream(std::string_view id) {
  return NotFound(StrCat("there is no stream '", Printable(id, 64), "' of yours: it was not asked for with "
                         "\"stream_options\": {\"resumable\": true}, or its time is over"))
      .WithReason("stream_not_found");
}

}  // namespace

StreamStore::StreamStore(Options options, Clock& clock)
    : options_(options), clock_(clock), memory_(std::make_shared<LogMemory>(options.bytes_total_max)) {}

void StreamStore::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (sweeper_.joinable()) sweeper_.join();
}

StreamStore::~StreamStore() {
  Stop();
  std::map<Key, std::shared_ptr<StreamLog>> logs;
  {
    MutexLock lock(mu_);
    logs.swap(logs_);
  }
  for (auto& [key, log] : logs) log->Close();
}

bool StreamStore::Expired(const StreamLog& log, TimePoint now) const {
  if (log.discarded()) return true;
  const std::optional<TimePoint> since = log.ended() ? log.idle_since() : std::nullopt;
  return since && now - *since >= options_.retention;
}

std::shared_ptr<LogShare> StreamStore::ShareOf(const std::string& tenant) {
  std::weak_ptr<LogShare>& known = shares_[tenant];
  std::shared_ptr<LogShare> share = known.lock();
  if (!share) known = share = std::make_shared<LogShare>(memory_);
  return share;
}

Result<std::shared_ptr<StreamLog>> StreamStore::Create(std::string owner, std::string id,
                                                       const std::string& tenant) {
  std::shared_ptr<StreamLog> replaced;  // goes without the lock
  MutexLock lock(mu_);
  const auto found = logs_.find({owner, id});
  if (found != logs_.end() && !Expired(*found->second, clock_.Now())) {
    return Status(StatusCode::kAlreadyExists,
                  StrCat("there is a stream '", Printable(id, 64), "' of yours already: read it at "
                         "/v1/streams/", Printable(id, 64), ", or send another X-Request-Id, or none"))
        .WithReason("stream_exists");
  }
  const std::shared_ptr<LogShare> share = ShareOf(tenant);
  if (share->full()) {
    return Status(StatusCode::kExhausted,
                  StrCat("your resumable streams hold ", share->bytes(), " bytes, as much as they may of the ",
                         memory_->bytes_max, " for all; without 'resumable' this one is taken"))
        .WithReason("stream_memory_full");
  }
  auto log = std::make_shared<StreamLog>(StreamLog::Options{
      .id = id, .bytes_max = options_.log_bytes_max, .share = share, .clock = &clock_});
  replaced = std::exchange(logs_[{std::move(owner), std::move(id)}], log);
  if (!stopping_ && !sweeper_.joinable()) {
    sweeper_ = StartThread("streams", [this](const std::stop_token&) { Run(); });
  }
  changed_.NotifyAll();
  return log;
}

Result<std::shared_ptr<StreamLog>> StreamStore::Find(std::string_view owner, std::string_view id) {
  MutexLock lock(mu_);
  const auto found = logs_.find({std::string(owner), std::string(id)});
  if (found == logs_.end() || Expired(*found->second, clock_.Now())) return NoStream(id);
  return found->second;
}

Status StreamStore::Delete(std::string_view owner, std::string_view id) {
  PANO_ASSIGN_OR_RETURN(const std::shared_ptr<StreamLog> log, Find(owner, id));
  log->Discard();
  log->Cancel();
  MutexLock lock(mu_);
  const auto found = logs_.find({std::string(owner), std::string(id)});
  if (found != logs_.end() && found->second == log && log->ended()) logs_.erase(found);
  return {};
}

TimePoint StreamStore::Sweep() {
  std::vector<std::shared_ptr<StreamLog>> gone, unread, kept;  // handled without the lock
  const TimePoint now = clock_.Now();
  TimePoint next = TimePoint::max();
  {
    MutexLock lock(mu_);
    for (auto it = logs_.begin(); it != logs_.end();) {
      const std::shared_ptr<StreamLog>& log = it->second;
      const bool ended = log->ended();
      // What was discarded stays until its producer has ended it: its readers get the end.
      if (ended && Expired(*log, now)) {
        gone.push_back(log);
        it = logs_.erase(it);
        continue;
      }
      ++it;
      const std::optional<TimePoint> since = log->idle_since();
      if (!since) {
        kept.push_back(log);
      } else if (now - *since >= options_.retention) {
        unread.push_back(log);
      } else {
        next = std::min(next, *since + options_.retention);
        kept.push_back(log);
      }
    }
  }
  if (!gone.empty()) {
    gone.clear();
    MutexLock lock(mu_);
    std::erase_if(shares_, [](const auto& entry) { return entry.second.expired(); });
  }
  for (const auto& log : unread) log->Cancel();
  for (const auto& log : kept) {
    if (log->WakeProducer()) next = std::min(next, now + kMemoryPoll);
  }
  // The end of a log, or of its last reader, is not announced; neither is due sooner than this.
  const Duration latest = std::clamp<Duration>(options_.retention / 8, kMemoryPoll, std::chrono::seconds(1));
  return kept.empty() && unread.empty() ? next : std::min(next, now + latest);
}

void StreamStore::Run() {
  while (true) {
    const TimePoint next = Sweep();
    MutexLock lock(mu_);
    if (stopping_) return;
    if (next == TimePoint::max() && !logs_.empty()) continue;  // one came meanwhile
    clock_.WaitUntil(changed_, mu_, next);
    if (stopping_) return;
  }
}

size_t StreamStore::count() const {
  MutexLock lock(mu_);
  return logs_.size();
}

}  // namespace pano::streams
