#include "app/quota/sqlite_journal.h"

#include <sqlite3.h>

#include <filesystem>
#include <utility>

#include "app/quota/sliding_window.h"
#include "base/env.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"

namespace pano::quota {
namespace {

constexpr int kSchema = 1;                 // PRAGMA user_version
constexpr int kApplication = 0x50514f54;   // PRAGMA application_id: "PQOT"
constexpr int64_t kForgetSeconds = 60;     // between two deletions of what is over
constexpr size_t kChangesMax = 1 << 20;    // while the disk refuses; beyond, changes are dropped
constexpr Duration kRetry = std::chrono::seconds(1);

constexpr const char* kCreate =
    "CREATE TABLE IF NOT EXISTS usage(subject TEXT NOT NULL, dimension INTEGER NOT NULL,"
    " slot INTEGER NOT NULL, amount INTEGER NOT NULL,"
    " PRIMARY KEY(subject, dimension, slot)) WITHOUT ROWID";
constexpr const char* kAdd =
    "INSERT INTO usage VALUES(?1, ?2, ?3, ?4) ON CONFLICT(subject, dimension, slot)"
    " DO UPDATE SET amount = amount + excluded.amount";

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

Status Failed(sqlite3* db, int code, const std::string& path) {
  const std::string text = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return Corruption(StrCat(path, ": ", text,
                               "; move it away to begin with empty quotas"));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Status(StatusCode::kUnavailable, StrCat(path, ": another process uses it"));
    case SQLITE_FULL:
      return Status(StatusCode::kExhausted, StrCat(path, ": ", text)).WithReason("disk_full");
    default:
      return Status(StatusCode::kInvalidArgument, StrCat(path, ": ", text));
  }
}

Result<Statement> Compile(sqlite3* db, const char* sql, const std::string& path) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(db, sql, -1, &statement, nullptr);
  if (code != SQLITE_OK) return Failed(db, code, path);
  return Statement(statement);
}

Result<int64_t> QueryInt(sqlite3* db, const char* sql, const std::string& path) {
  PANO_ASSIGN_OR_RETURN(const Statement statement, Compile(db, sql, path));
  const int code = sqlite3_step(statement.get());
  if (code != SQLITE_ROW) return Failed(db, code, path);
  return sqlite3_column_int64(statement.get(), 0);
}

}  // namespace

void SqliteJournal::CloseDb::operator()(sqlite3* db) const { sqlite3_close(db); }

SqliteJournal::SqliteJournal(std::string path, Clock& clock)
    : path_(std::move(path)), clock_(clock) {}

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::Open(const std::string& folder, Clock& clock) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return InvalidArgument(StrCat(Printable(folder, 256), ": cannot be made: ", error.message()));
  }
  std::unique_ptr<SqliteJournal> journal(new SqliteJournal(JoinPath(folder, kFileName), clock));
  PANO_RETURN_IF_ERROR(journal->Prepare(clock.UnixSeconds() * 1000));
  PANO_RETURN_IF_ERROR(journal->Load());
  SqliteJournal* self = journal.get();
  journal->thread_ =
      StartThread("pano-quotas", [self](const std::stop_token& stop) { self->Run(stop); });
  return journal;
}

SqliteJournal::~SqliteJournal() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

Status SqliteJournal::Execute(const char* sql) {
  const int code = sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : Failed(db_.get(), code, path_);
}

Status SqliteJournal::Prepare(int64_t now_ms) {
  forgot_ = now_ms / 1000;
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(
      path_.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  db_.reset(db);
  if (code != SQLITE_OK) return Failed(db, code, path_);
  sqlite3_busy_timeout(db, 2000);  // of a server that is just ending
  PANO_RETURN_IF_ERROR(Execute("PRAGMA locking_mode = EXCLUSIVE"));
  PANO_RETURN_IF_ERROR(Execute("PRAGMA journal_mode = WAL"));
  PANO_RETURN_IF_ERROR(Execute("PRAGMA synchronous = NORMAL"));
  PANO_ASSIGN_OR_RETURN(const int64_t tables, QueryInt(db, "SELECT count(*) FROM sqlite_master", path_));
  PANO_ASSIGN_OR_RETURN(const int64_t owner, QueryInt(db, "PRAGMA application_id", path_));
  PANO_ASSIGN_OR_RETURN(const int64_t schema, QueryInt(db, "PRAGMA user_version", path_));
  if (tables > 0 && owner != kApplication) {
    return InvalidArgument(StrCat(path_, ": is a database of something else; give another folder"));
  }
  if (tables > 0 && schema != kSchema) {
    return InvalidArgument(StrCat(path_, ": has format ", schema, ", this version knows ", kSchema));
  }
  // A transaction takes the lock now, not with the first request.
  return Execute(StrCat("BEGIN IMMEDIATE; PRAGMA application_id = ", kApplication,
                        "; PRAGMA user_version = ", kSchema, "; ", kCreate, "; COMMIT")
                     .c_str());
}

Status SqliteJournal::Load() {
  PANO_ASSIGN_OR_RETURN(const Statement rows,
                        Compile(db_.get(), "SELECT subject, dimension, slot, amount FROM usage", path_));
  MutexLock lock(mu_);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(rows.get())) == SQLITE_ROW) {
    const auto* subject = reinterpret_cast<const char*>(sqlite3_column_text(rows.get(), 0));
    const int64_t dimension = sqlite3_column_int64(rows.get(), 1);
    if (!subject || dimension < 0 || dimension >= static_cast<int64_t>(kWindows)) continue;
    if (kept_.size() >= kChangesMax) {
      return Corruption(StrCat(path_, ": holds more than ", kChangesMax, " rows"));
    }
    kept_.push_back({subject, static_cast<Dimension>(dimension), sqlite3_column_int64(rows.get(), 2),
                     sqlite3_column_int64(rows.get(), 3)});
  }
  return code == SQLITE_DONE ? Status() : Failed(db_.get(), code, path_);
}

std::vector<UsageDelta> SqliteJournal::TakeKept(int64_t now_ms) {
  MutexLock lock(mu_);
  std::vector<UsageDelta> kept = std::exchange(kept_, {});
  std::erase_if(kept, [now_ms](const UsageDelta& delta) {
    const WindowShape& shape = ShapeOf(delta.dimension);
    const int64_t now = now_ms / shape.slot_ms;
    // The clock may have been set back: what is far ahead would stay for long.
    return delta.slot <= now - shape.slots || delta.slot > now + 1 || delta.amount <= 0;
  });
  return kept;
}

uint64_t SqliteJournal::Append(std::vector<UsageDelta> deltas) {
  MutexLock lock(mu_);
  for (UsageDelta& delta : deltas) {
    Key key(std::move(delta.subject), delta.dimension, delta.slot);
    const auto known = pending_.find(key);
    if (known != pending_.end()) {
      known->second += delta.amount;
    } else if (pending_.size() < kChangesMax) {
      pending_.emplace(std::move(key), delta.amount);
    }
  }
  changed_.NotifyAll();
  return ++appended_;
}

bool SqliteJournal::AwaitWritten(uint64_t ticket, Duration limit) {
  const TimePoint until = clock_.Now() + limit;
  MutexLock lock(mu_);
  while (written_ < ticket && !failing_) {
    if (!clock_.WaitUntil(changed_, mu_, until)) break;
  }
  return written_ >= ticket;
}

Status SqliteJournal::Write(const Changes& changes) {
  PANO_RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE"));
  Status status = [&]() -> Status {
    PANO_ASSIGN_OR_RETURN(const Statement add, Compile(db_.get(), kAdd, path_));
    for (const auto& [key, amount] : changes) {
      const auto& [subject, dimension, slot] = key;
      sqlite3_reset(add.get());
      sqlite3_bind_text(add.get(), 1, subject.data(), static_cast<int>(subject.size()), SQLITE_STATIC);
      sqlite3_bind_int64(add.get(), 2, static_cast<int64_t>(dimension));
      sqlite3_bind_int64(add.get(), 3, slot);
      sqlite3_bind_int64(add.get(), 4, amount);
      const int code = sqlite3_step(add.get());
      if (code != SQLITE_DONE) return Failed(db_.get(), code, path_);
    }
    return Forget();
  }();
  if (status.ok()) status = Execute("COMMIT");
  if (!status.ok()) sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  return status;
}

Status SqliteJournal::Forget() {
  const int64_t now = clock_.UnixSeconds();
  if (now - forgot_ < kForgetSeconds) return {};
  forgot_ = now;
  for (size_t d = 0; d < kWindows; ++d) {
    const WindowShape& shape = ShapeOf(static_cast<Dimension>(d));
    const int64_t behind = now * 1000 / shape.slot_ms - shape.slots;
    PANO_RETURN_IF_ERROR(Execute(
        StrCat("DELETE FROM usage WHERE dimension = ", d, " AND slot <= ", behind).c_str()));
  }
  return {};
}

void SqliteJournal::Run(const std::stop_token&) {
  while (true) {
    Changes changes;
    uint64_t ticket = 0;
    {
      MutexLock lock(mu_);
      while (pending_.empty() && !stopping_) {
        written_ = appended_;
        clock_.WaitUntil(changed_, mu_, TimePoint::max());
      }
      if (pending_.empty()) return;
      changes = std::exchange(pending_, {});
      ticket = appended_;
    }
    const Status status = Write(changes);
    MutexLock lock(mu_);
    if (status.ok()) {
      if (failing_) LogInfo("[quotas] ", path_, " is written again");
      failing_ = false;
      written_ = ticket;
      changed_.NotifyAll();
      continue;
    }
    if (!failing_) {
      LogWarning("[quotas] usage is kept in memory and would be lost at an end of this process: ",
                 status.message());
    }
    failing_ = true;
    for (const auto& [key, amount] : changes) pending_[key] += amount;
    changed_.NotifyAll();  // nobody waits for it
    if (stopping_) return;
    const TimePoint until = clock_.Now() + kRetry;
    while (!stopping_ && clock_.WaitUntil(changed_, mu_, until)) {
    }
  }
}

}  // namespace pano::quota
