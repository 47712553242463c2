#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "app/audit/audit_event.h"
#include "app/audit/denial_limit.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::audit {

struct LogOptions {
  uint64_t bytes_max = 64ull << 20;  // of the file; then it is renamed to FILE.1, that to FILE.2 ...
  int files_kept = 5;                // beside it; the oldest goes
  size_t queue_max = 4096;           // events that wait to be written; one more is counted and dropped
  DenialLimit::Options denials = {};
  Duration summary_pause = std::chrono::seconds(60);  // from a denial that was left out to the line that counts it
};

// A file of events, a line of JSON each, written at its end: several processes may write one file. What a
// process that was killed left of a line is ended by the next one, so that every later line is whole.
//
// Administration waits for its line to be on the disk and does not happen without it; requests do not
// wait: what cannot be written for them is dropped, counted and said in the log once it can. Thread-safe.
class AuditLog {
 public:
  // Fails when the file cannot be opened or written. `env` and `clock` outlive it.
  static Result<std::unique_ptr<AuditLog>> Open(std::string path, Env& env = Env::Real(),
                                                Clock& clock = Clock::Real(), LogOptions options = {});
  // Writes what waits.
  ~AuditLog();

  // The event is on the disk when this is ok. Unavailable, "audit_log_full" or "audit_log_failed", when it
  // cannot be: what it is about must not happen. Waits for the disk.
  Status Record(const Event& event);
  // Puts the event in the queue and returns at once. Of denials only as many as DenialLimit lets through, by who
  // was denied and from which address; the next one says how many were left out ("left_out"), and where none
  // comes a line of its own does ("audit.left_out").
  void Note(Event event);

  // Opens the file anew, under its name: after somebody has moved it away (logrotate, SIGHUP). Keeps the old
  // one where that fails.
  Status Reopen();

  int64_t dropped() const { return dropped_; }

 private:
  AuditLog(std::string path, Env& env, Clock& clock, LogOptions options)
      : path_(std::move(path)), env_(env), clock_(clock), options_(options), denials_(options.denials) {}
  Status OpenFile() PANO_REQUIRES(file_mu_);
  Status Rotate() PANO_REQUIRES(file_mu_);
  Status WriteLines(std::string_view lines, bool sync) PANO_REQUIRES(file_mu_);
  void Drain(const std::stop_token& stop);
  bool AdmitDenial(Event& event) PANO_REQUIRES(queue_mu_);
  void SumUp() PANO_REQUIRES(queue_mu_);
  std::string DroppedLine(int64_t count);

  const std::string path_;
  Env& env_;
  Clock& clock_;
  const LogOptions options_;

  Mutex file_mu_;
  std::unique_ptr<File> file_ PANO_GUARDED_BY(file_mu_);
  uint64_t bytes_ PANO_GUARDED_BY(file_mu_) = 0;      // of the file, as far as this process knows
  bool torn_ PANO_GUARDED_BY(file_mu_) = false;       // its last line may not be whole

  Mutex queue_mu_;
  CondVar queued_;
  std::deque<Event> queue_ PANO_GUARDED_BY(queue_mu_);
  DenialLimit denials_ PANO_GUARDED_BY(queue_mu_);
  std::optional<TimePoint> summary_at_ PANO_GUARDED_BY(queue_mu_);  // of what was left out; none: nothing was
  bool over_ PANO_GUARDED_BY(queue_mu_) = false;
  std::atomic<int64_t> dropped_{0};  // in all
  int64_t dropped_said_ = 0;         // confined to the thread

  std::jthread thread_;  // last: it uses the rest
};

}  // namespace pano::audit
