#include "app/audit/audit_log.h"

#include <array>
#include <span>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::audit {
namespace {

// Whether a file ends in the middle of a line.
Result<bool> EndsTorn(const std::string& path, uint64_t bytes, Env& env) {
  if (bytes == 0) return false;
  PANO_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, env.Open(path, Env::OpenMode::kRead));
  std::array<std::byte, 64 << 10> buffer;
  std::byte last{'\n'};
  while (true) {
    PANO_ASSIGN_OR_RETURN(const size_t got, file->ReadSome(buffer));
    if (got == 0) return last != std::byte{'\n'};
    last = buffer[got - 1];
  }
}

}  // namespace

Result<std::unique_ptr<AuditLog>> AuditLog::Open(std::string path, Env& env, Clock& clock, LogOptions options) {
  std::unique_ptr<AuditLog> log(new AuditLog(std::move(path), env, clock, options));
  {
    MutexLock lock(log->file_mu_);
    PANO_RETURN_IF_ERROR(log->OpenFile().Wrap(StrCat("[audit] ", log->path_)));
  }
  log->thread_ = StartThread("audit-log", [self = log.get()](std::stop_token stop) { self->Drain(stop); });
  return log;
}

AuditLog::~AuditLog() {
  {
    MutexLock lock(queue_mu_);
    over_ = true;
    queued_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

Status AuditLog::OpenFile() {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<File> file, env_.Open(path_, Env::OpenMode::kAppend));
  PANO_ASSIGN_OR_RETURN(const FileInfo info, env_.Stat(path_));
  if (info.kind == FileInfo::Kind::kFile) {
    PANO_ASSIGN_OR_RETURN(torn_, EndsTorn(path_, info.bytes, env_));
    bytes_ = info.bytes;
    // Its name has to be on the disk before any line of it can be.
    PANO_RETURN_IF_ERROR(env_.SyncFolder(std::string(FolderName(path_))));
  } else {
    torn_ = false;  // a pipe or a terminal
    bytes_ = 0;
  }
  file_ = std::move(file);
  return {};
}

Status AuditLog::Rotate() {
  const auto name = [this](int number) { return StrCat(path_, ".", number); };
  if (options_.files_kept <= 0) return {};
  for (int number = options_.files_kept - 1; number >= 1; --number) {
    if (Status moved = env_.Rename(name(number), name(number + 1));
        !moved.ok() && moved.code() != StatusCode::kNotFound) {
      return moved;
    }
  }
  PANO_RETURN_IF_ERROR(env_.Rename(path_, name(1)));
  return OpenFile();
}

Status AuditLog::WriteLines(std::string_view lines, bool sync) {
  if (bytes_ >= options_.bytes_max) {
    // Better one file that is too large than no line.
    if (Status rotated = Rotate(); !rotated.ok()) {
      LogWarning("[audit] ", path_, ": cannot be rotated: ", rotated.message());
    }
  }
  std::string whole;
  if (torn_) whole = "\n";
  whole += lines;
  torn_ = true;  // until all of it is there
  bytes_ += whole.size();
  PANO_RETURN_IF_ERROR(file_->WriteAll(std::as_bytes(std::span(whole))));
  torn_ = false;
  return sync ? file_->Sync() : OkStatus();
}

Status AuditLog::Record(const Event& event) {
  MutexLock lock(file_mu_);
  const Status written = WriteLines(FormatEvent(event, clock_.UnixSeconds()), true);
  if (written.ok()) return {};
  const bool full = written.reason() == "disk_full";
  return Status(StatusCode::kUnavailable,
                StrCat("nothing was changed: the audit log ", path_, " cannot be written: ", written.message(),
                       full ? " (make room, or move the file and send SIGHUP)" : ""))
      .WithReason(full ? "audit_log_full" : "audit_log_failed");
}

// Whether it is written; then it says how many others were not.
bool AuditLog::AdmitDenial(Event& event) {
  const std::string_view peer = event.peer;
  const std::string_view address = peer.substr(0, peer.rfind(':'));  // without the port
  const TimePoint now = clock_.Now();
  const auto left_out = denials_.Admit(StrCat(address, "\n", event.tenant, "\n", event.actor), now);
  if (left_out && *left_out > 0) event.details.emplace_back("left_out", StrCat(*left_out));
  if (!denials_.has_left_out()) {
    summary_at_.reset();
  } else if (!summary_at_) {
    summary_at_ = now + options_.summary_pause;
    queued_.NotifyOne();
  }
  return left_out.has_value();
}

void AuditLog::SumUp() {
  const DenialLimit::LeftOut left_out = denials_.TakeLeftOut();
  summary_at_.reset();
  if (left_out.events == 0) return;
  queue_.push_back({.action = "audit.left_out",
                    .outcome = "denied",
                    .details = {{"events", StrCat(left_out.events)}, {"sources", StrCat(left_out.sources)}}});
}

void AuditLog::Note(Event event) {
  MutexLock lock(queue_mu_);
  if (event.outcome == "denied" && !AdmitDenial(event)) return;
  if (queue_.size() >= options_.queue_max) {
    ++dropped_;
    return;
  }
  queue_.push_back(std::move(event));
  queued_.NotifyOne();
}

Status AuditLog::Reopen() {
  MutexLock lock(file_mu_);
  return OpenFile().Wrap(StrCat("[audit] ", path_));
}

std::string AuditLog::DroppedLine(int64_t count) {
  return FormatEvent({.action = "audit.dropped", .outcome = "failed", .details = {{"events", StrCat(count)}}},
                     clock_.UnixSeconds());
}

void AuditLog::Drain(const std::stop_token&) {
  bool failing = false;
  while (true) {
    std::deque<Event> events;
    {
      MutexLock lock(queue_mu_);
      while (queue_.empty() && !over_ && (!summary_at_ || clock_.Now() < *summary_at_)) {
        (void)clock_.WaitUntil(queued_, queue_mu_, summary_at_.value_or(TimePoint::max()));
      }
      if (over_ || (summary_at_ && clock_.Now() >= *summary_at_)) SumUp();
      if (queue_.empty()) {
        if (over_) return;
        continue;
      }
      events.swap(queue_);
    }
    std::string lines;
    const int64_t dropped = dropped_;
    if (dropped > dropped_said_) lines += DroppedLine(dropped - dropped_said_);
    for (const Event& event : events) lines += FormatEvent(event, clock_.UnixSeconds());
    MutexLock lock(file_mu_);
    const Status written = WriteLines(lines, false);
    if (written.ok()) {
      dropped_said_ = dropped;
    } else {
      dropped_ += static_cast<int64_t>(events.size());
      if (!failing) LogError("[audit] ", path_, ": cannot be written; events of requests are dropped: ", written.message());
    }
    failing = !written.ok();
  }
}

}  // namespace pano::audit
