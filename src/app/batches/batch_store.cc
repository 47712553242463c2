#include "app/batches/batch_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "base/atomic_file.h"
#include "base/errno_status.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::batches {
namespace {

using sqlite::Row;
using sqlite::Transaction;

constexpr int64_t kApplicationId = 0x50424154;  // "PBAT", in the head of the file
constexpr int64_t kSchemaVersion = 1;
constexpr size_t kIdBytes = 12;

constexpr const char* kSchema = R"(
CREATE TABLE files(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL,
  name TEXT NOT NULL, purpose TEXT NOT NULL, bytes INTEGER NOT NULL, created INTEGER NOT NULL);
CREATE INDEX files_tenant ON files(tenant, number);
CREATE TABLE batches(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL,
  principal TEXT NOT NULL, endpoint TEXT NOT NULL, completion_window TEXT NOT NULL, metadata TEXT NOT NULL,
  input_file TEXT NOT NULL, output_file TEXT NOT NULL, error_file TEXT NOT NULL, errors TEXT NOT NULL,
  status INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,
  since0 INTEGER NOT NULL, since1 INTEGER NOT NULL, since2 INTEGER NOT NULL, since3 INTEGER NOT NULL,
  since4 INTEGER NOT NULL, since5 INTEGER NOT NULL, since6 INTEGER NOT NULL, since7 INTEGER NOT NULL,
  total INTEGER NOT NULL, completed INTEGER NOT NULL, failed INTEGER NOT NULL);
CREATE INDEX batches_tenant ON batches(tenant, number);
CREATE INDEX batches_status ON batches(status);
CREATE TABLE results(batch TEXT NOT NULL, line INTEGER NOT NULL, ok INTEGER NOT NULL, text TEXT NOT NULL,
  UNIQUE(batch, line));
)";

constexpr const char* kFileColumns = "id,tenant,name,purpose,bytes,created";
constexpr const char* kBatchColumns =
    "id,tenant,principal,endpoint,completion_window,metadata,input_file,output_file,error_file,errors,status,created,"
    "expires,since0,since1,since2,since3,since4,since5,since6,since7,total,completed,failed";
// The statuses of batches that are not done.
constexpr const char* kUnfinished = "status IN (0,1,2,6)";

FileRecord FileOf(const Row& row) {
  return {row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Int(4), row.Int(5)};
}

BatchRecord BatchOf(const Row& row) {
  BatchRecord batch;
  std::string* const texts[] = {&batch.id,         &batch.tenant,     &batch.principal,   &batch.endpoint,   &batch.window,
                                &batch.metadata,   &batch.input_file, &batch.output_file, &batch.error_file, &batch.errors};
  int at = 0;
  for (std::string* text : texts) *text = row.Text(at++);
  // A file that somebody else wrote has no say in what numbers mean.
  batch.status = static_cast<BatchStatus>(std::clamp<int64_t>(row.Int(at++), 0, kBatchStatuses - 1));
  batch.created = row.Int(at++);
  batch.expires = row.Int(at++);
  for (int64_t& since : batch.since) since = row.Int(at++);
  batch.total = row.Int(at++);
  batch.completed = row.Int(at++);
  batch.failed = row.Int(at++);
  return batch;
}

Status NoFile(std::string_view id) {
  return NotFound(StrCat("there is no file '", Printable(id), "'")).WithReason("file_not_found");
}

Status NoBatch(std::string_view id) {
  return NotFound(StrCat("there is no batch '", Printable(id), "'")).WithReason("batch_not_found");
}

Status MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return Env::Real().SyncFolder(std::string(FolderName(path)));
  if (errno != EEXIST) return ErrnoStatus(errno).Wrap(StrCat("[batches] ", path, ": cannot make the folder"));
  return IsDirectory(path) ? Status() : InvalidArgument(StrCat("[batches] ", path, ": is no folder"));
}

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

BatchStore::BatchStore(std::string folder, Options options, Env& env, std::unique_ptr<sqlite::Database> database)
    : folder_(std::move(folder)), options_(options), env_(env), database_(std::move(database)) {}

Result<std::unique_ptr<BatchStore>> BatchStore::Open(const std::string& folder, Options options, Env& env) {
  PANO_RETURN_IF_ERROR(MakeFolder(folder));
  PANO_RETURN_IF_ERROR(MakeFolder(JoinPath(folder, "files")));
  const std::string path = JoinPath(folder, "batches.db");
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(errno).Wrap(StrCat("[batches] ", path, ": cannot make the file"));
  ::close(fd);
  Result<std::unique_ptr<sqlite::Database>> database = sqlite::Database::Open(path, "batches");
  if (!database.ok() && database.error().code() == StatusCode::kUnavailable) {
    return Status(StatusCode::kUnavailable, StrCat("[batches] ", path, ": another process uses it"));
  }
  if (!database.ok()) return database.error();
  std::unique_ptr<BatchStore> store(new BatchStore(folder, options, env, std::move(database).value()));
  PANO_RETURN_IF_ERROR(store->Prepare());
  PANO_RETURN_IF_ERROR(store->RemoveOrphans());
  return store;
}

Status BatchStore::Prepare() {
  const std::string path = JoinPath(folder_, "batches.db");
  // Held from the next transaction until the end.
  PANO_RETURN_IF_ERROR(database_->Script("PRAGMA locking_mode=EXCLUSIVE"));
  const auto number = [&](const char* query) -> Result<int64_t> {
    int64_t value = 0;
    PANO_RETURN_IF_ERROR(database_->Query(query, {}, [&](const Row& row) { value = row.Int(0); }));
    return value;
  };
  Result<Transaction> transaction = Transaction::Begin(*database_);
  if (!transaction.ok() && transaction.error().code() == StatusCode::kUnavailable) {
    return Status(StatusCode::kUnavailable, StrCat("[batches] ", path, ": another process uses it"));
  }
  if (!transaction.ok()) return transaction.error();
  PANO_ASSIGN_OR_RETURN(const int64_t tables, number("SELECT count(*) FROM sqlite_master"));
  PANO_ASSIGN_OR_RETURN(const int64_t application, number("PRAGMA application_id"));
  PANO_ASSIGN_OR_RETURN(const int64_t version, number("PRAGMA user_version"));
  if (tables > 0 && application != kApplicationId) {
    return Corruption(StrCat("[batches] ", path, ": is a database of another program; give another folder"));
  }
  if (tables > 0 && version != kSchemaVersion) {
    return Unimplemented(StrCat("[batches] ", path, ": is of version ", version, "; this pano knows ", kSchemaVersion));
  }
  if (tables == 0) {
    PANO_RETURN_IF_ERROR(database_->Script(kSchema));
    PANO_RETURN_IF_ERROR(database_->Script(
        StrCat("PRAGMA application_id=", kApplicationId, "; PRAGMA user_version=", kSchemaVersion).c_str()));
  } else {
    // A write, so that the lock is taken now.
    PANO_RETURN_IF_ERROR(database_->Script("DELETE FROM results WHERE batch NOT IN (SELECT id FROM batches)"));
  }
  return transaction->Commit();
}

// Files whose upload or batch did not end before the process did.
Status BatchStore::RemoveOrphans() {
  std::set<std::string> known;
  PANO_RETURN_IF_ERROR(database_->Query("SELECT id FROM files", {}, [&](const Row& row) { known.insert(row.Text(0)); }));
  const std::string files = JoinPath(folder_, "files");
  Result<std::vector<std::string>> names = env_.List(files);
  if (!names.ok()) return names.error().Wrap(StrCat("[batches] ", files));
  for (const std::string& name : *names) {
    if (known.contains(name)) continue;
    if (Status removed = env_.Remove(JoinPath(files, name)); !removed.ok()) {
      LogWarning("[batches] ", files, "/", Printable(name), " is on no record and stays: ", removed.message());
    }
  }
  return {};
}

std::string BatchStore::PathOf(std::string_view file_id) const {
  return JoinPath(JoinPath(folder_, "files"), file_id);
}

Status BatchStore::CheckRoom(std::string_view tenant, int64_t bytes) {
  int64_t files = 0;
  int64_t held = 0;
  PANO_RETURN_IF_ERROR(database_->Query("SELECT count(*), coalesce(sum(bytes),0) FROM files WHERE tenant=?", {tenant},
                                        [&](const Row& row) {
                                          files = row.Int(0);
                                          held = row.Int(1);
                                        }));
  if (files >= options_.tenant_files_max) {
    return Status(StatusCode::kExhausted, StrCat("there are ", files, " files, as many as may be: delete some"))
        .WithReason("too_many_files");
  }
  if (held + bytes > options_.tenant_bytes_max) {
    return Status(StatusCode::kExhausted, StrCat("the files hold ", held, " bytes of the ", options_.tenant_bytes_max,
                                                 " they may: delete some"))
        .WithReason("too_many_files");
  }
  return {};
}

namespace {

// A caller learns that the file was not kept, and not where it would have been: that stands in the log.
Status ForCaller(Status written) {
  if (written.ok()) return written;
  const bool full = written.reason() == "disk_full";
  return Status(StatusCode::kUnavailable, full ? "the server's disk has no room for this file; it was not kept"
                                               : "the server could not keep this file")
      .WithReason(full ? "disk_full" : "file_not_kept")
      .WithCause(std::move(written));
}

}  // namespace

Status BatchStore::InsertFile(const FileRecord& file) {
  return database_->Run(StrCat("INSERT INTO files(", kFileColumns, ") VALUES(?,?,?,?,?,?)").c_str(),
                        {file.id, file.tenant, file.name, file.purpose, file.bytes, file.created});
}

Status IncomingFile::Write(std::string_view bytes) { return ForCaller(out_.Write(BytesOf(bytes))); }
Status IncomingFile::Commit() { return ForCaller(out_.Commit()); }

std::unique_ptr<IncomingFile> BatchStore::NewFile() {
  std::string id = StrCat("file-", RandomHex(kIdBytes));
  const std::string path = PathOf(id);
  return std::unique_ptr<IncomingFile>(new IncomingFile(std::move(id), path, env_));
}

Result<FileRecord> BatchStore::AddFile(std::string_view tenant, std::string_view name, std::string_view purpose,
                                       std::string_view bytes, int64_t now) {
  {
    MutexLock lock(mu_);
    PANO_RETURN_IF_ERROR(CheckRoom(tenant, static_cast<int64_t>(bytes.size())));
  }
  std::unique_ptr<IncomingFile> file = NewFile();
  PANO_RETURN_IF_ERROR(ForCaller(file->out_.Expect(bytes.size())));
  PANO_RETURN_IF_ERROR(file->Write(bytes));
  return AddFile(tenant, name, purpose, std::move(file), now);
}

Result<FileRecord> BatchStore::AddFile(std::string_view tenant, std::string_view name, std::string_view purpose,
                                       std::unique_ptr<IncomingFile> incoming, int64_t now) {
  FileRecord file{incoming->id_, std::string(tenant), std::string(name), std::string(purpose), incoming->bytes(), now};
  {
    MutexLock lock(mu_);
    PANO_RETURN_IF_ERROR(CheckRoom(tenant, file.bytes));
  }
  PANO_RETURN_IF_ERROR(incoming->Commit());
  const Status inserted = [&] {
    MutexLock lock(mu_);
    Status room = CheckRoom(tenant, file.bytes);  // others came meanwhile
    return room.ok() ? InsertFile(file) : room;
  }();
  if (inserted.ok()) return file;
  (void)env_.Remove(PathOf(file.id));
  return inserted;
}

Result<FileRecord> BatchStore::FindFileLocked(std::string_view tenant, std::string_view id) const {
  FileRecord file;
  PANO_RETURN_IF_ERROR(database_->Query(StrCat("SELECT ", kFileColumns, " FROM files WHERE id=? AND tenant=?").c_str(),
                                        {id, tenant}, [&](const Row& row) { file = FileOf(row); }));
  if (file.id.empty()) return NoFile(id);
  return file;
}

Result<FileRecord> BatchStore::FindFile(std::string_view tenant, std::string_view id) const {
  MutexLock lock(mu_);
  return FindFileLocked(tenant, id);
}

Status BatchStore::RemoveFile(std::string_view tenant, std::string_view id) {
  {
    MutexLock lock(mu_);
    PANO_ASSIGN_OR_RETURN(const FileRecord file, FindFileLocked(tenant, id));
    std::string reader;
    PANO_RETURN_IF_ERROR(
        database_->Query(StrCat("SELECT id FROM batches WHERE input_file=? AND ", kUnfinished).c_str(), {id},
                         [&](const Row& row) { reader = row.Text(0); }));
    if (!reader.empty()) {
      return InvalidArgument(StrCat("the batch '", reader, "' reads the file '", id, "' and is not done"))
          .WithReason("file_in_use");
    }
    PANO_RETURN_IF_ERROR(database_->Run("DELETE FROM files WHERE id=?", {id}));
  }
  if (Status removed = env_.Remove(PathOf(id)); !removed.ok()) {
    LogWarning("[batches] ", PathOf(id), " stays until the next start: ", removed.message());
  }
  return {};
}

namespace {

// The end of a query for a page, with its order.
std::string PageTail(const BatchStore::Page& page) {
  return StrCat(page.oldest_first ? " AND number>? ORDER BY number" : " AND number<? ORDER BY number DESC", " LIMIT ?");
}

// Where the page begins: the number of `after` of that table.
Result<int64_t> PageStart(sqlite::Database& database, const char* table, std::string_view tenant,
                          const BatchStore::Page& page) {
  if (page.after.empty()) return page.oldest_first ? 0 : INT64_MAX;
  int64_t number = 0;
  PANO_RETURN_IF_ERROR(database.Query(StrCat("SELECT number FROM ", table, " WHERE id=? AND tenant=?").c_str(),
                                      {page.after, tenant}, [&](const Row& row) { number = row.Int(0); }));
  if (number == 0) return NotFound(StrCat("there is no '", Printable(page.after), "' to go on after")).WithField("after");
  return number;
}

template <typename Record>
void CutToPage(const BatchStore::Page& page, BatchStore::Listed<Record>& list) {
  list.has_more = std::ssize(list.records) > page.limit;
  if (list.has_more) list.records.pop_back();
}

}  // namespace

Result<BatchStore::Listed<FileRecord>> BatchStore::ListFiles(std::string_view tenant, const Page& page) const {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const int64_t start, PageStart(*database_, "files", tenant, page));
  Listed<FileRecord> list;
  PANO_RETURN_IF_ERROR(database_->Query(
      StrCat("SELECT ", kFileColumns, " FROM files WHERE tenant=? AND (?='' OR purpose=?)", PageTail(page)).c_str(),
      {tenant, page.purpose, page.purpose, start, page.limit + 1},
      [&](const Row& row) { list.records.push_back(FileOf(row)); }));
  CutToPage(page, list);
  return list;
}

Result<BatchStore::Listed<BatchRecord>> BatchStore::ListBatches(std::string_view tenant, const Page& page) const {
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(const int64_t start, PageStart(*database_, "batches", tenant, page));
  Listed<BatchRecord> list;
  PANO_RETURN_IF_ERROR(
      database_->Query(StrCat("SELECT ", kBatchColumns, " FROM batches WHERE tenant=?", PageTail(page)).c_str(),
                       {tenant, start, page.limit + 1}, [&](const Row& row) { list.records.push_back(BatchOf(row)); }));
  CutToPage(page, list);
  return list;
}

Result<BatchRecord> BatchStore::AddBatch(BatchRecord batch) {
  batch.id = StrCat("batch_", RandomHex(kIdBytes));
  batch.status = BatchStatus::kValidating;
  batch.since = {batch.created};
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  PANO_RETURN_IF_ERROR(FindFileLocked(batch.tenant, batch.input_file).error());
  int64_t unfinished = 0;
  int64_t kept = 0;
  int64_t of_tenant = 0;
  PANO_RETURN_IF_ERROR(database_->Query(
      StrCat("SELECT count(*),coalesce(sum(tenant=?),0) FROM batches WHERE ", kUnfinished).c_str(), {batch.tenant},
      [&](const Row& row) {
        unfinished = row.Int(0);
        of_tenant = row.Int(1);
      }));
  PANO_RETURN_IF_ERROR(database_->Query("SELECT count(*) FROM batches WHERE tenant=?", {batch.tenant},
                                        [&](const Row& row) { kept = row.Int(0); }));
  if (unfinished >= options_.unfinished_max) {
    return Status(StatusCode::kExhausted, StrCat(unfinished, " batches are not done yet, as many as may be"))
        .WithReason("queue_full");
  }
  if (of_tenant >= options_.tenant_unfinished_max) {
    return Status(StatusCode::kExhausted, StrCat(of_tenant, " of your batches are not done yet, as many as may be"))
        .WithReason("queue_full");
  }
  if (kept >= options_.tenant_batches_max) {  // the oldest one is forgotten
    PANO_RETURN_IF_ERROR(database_->Run(
        StrCat("DELETE FROM batches WHERE number=(SELECT min(number) FROM batches WHERE tenant=? AND NOT ", kUnfinished, ")").c_str(),
        {batch.tenant}));
  }
  PANO_RETURN_IF_ERROR(database_->Run(
      StrCat("INSERT INTO batches(", kBatchColumns, ") VALUES(?,?,?,?,?,?,?,'','','',0,?,?,?,0,0,0,0,0,0,0,0,0,0)").c_str(),
      {batch.id, batch.tenant, batch.principal, batch.endpoint, batch.window, batch.metadata, batch.input_file,
       batch.created, batch.expires, batch.created}));
  PANO_RETURN_IF_ERROR(transaction.Commit());
  return batch;
}

Result<BatchRecord> BatchStore::FindBatchLocked(std::string_view tenant, std::string_view id) const {
  BatchRecord batch;
  PANO_RETURN_IF_ERROR(
      database_->Query(StrCat("SELECT ", kBatchColumns, " FROM batches WHERE id=? AND tenant=?").c_str(), {id, tenant},
                       [&](const Row& row) { batch = BatchOf(row); }));
  if (batch.id.empty()) return NoBatch(id);
  return batch;
}

Result<BatchRecord> BatchStore::FindBatch(std::string_view tenant, std::string_view id) const {
  MutexLock lock(mu_);
  return FindBatchLocked(tenant, id);
}

Result<BatchRecord> BatchStore::CancelBatch(std::string_view tenant, std::string_view id, int64_t now) {
  MutexLock lock(mu_);
  // One that writes its files already ends as it would.
  PANO_RETURN_IF_ERROR(database_->Run("UPDATE batches SET status=6, since6=? WHERE id=? AND tenant=? AND status IN (0,1)",
                                      {now, id, tenant}));
  return FindBatchLocked(tenant, id);
}

Result<std::vector<BatchRecord>> BatchStore::Unfinished() const {
  MutexLock lock(mu_);
  std::vector<BatchRecord> batches;
  PANO_RETURN_IF_ERROR(
      database_->Query(StrCat("SELECT ", kBatchColumns, " FROM batches WHERE ", kUnfinished, " ORDER BY number").c_str(),
                       {}, [&](const Row& row) { batches.push_back(BatchOf(row)); }));
  return batches;
}

Result<bool> BatchStore::Advance(std::string_view id, BatchStatus from, BatchStatus to, int64_t now) {
  MutexLock lock(mu_);
  PANO_RETURN_IF_ERROR(database_->Run(
      StrCat("UPDATE batches SET status=?, since", static_cast<int>(to), "=? WHERE id=? AND status=?").c_str(),
      {static_cast<int64_t>(to), now, id, static_cast<int64_t>(from)}));
  return database_->changed() == 1;
}

Status BatchStore::SetTotal(std::string_view id, int64_t total) {
  MutexLock lock(mu_);
  return database_->Run("UPDATE batches SET total=? WHERE id=?", {total, id});
}

Status BatchStore::Fail(std::string_view id, std::string_view errors, int64_t now) {
  MutexLock lock(mu_);
  return database_->Run("UPDATE batches SET status=4, since4=?, errors=? WHERE id=?", {now, errors, id});
}

Status BatchStore::AddResults(std::string_view id, const std::vector<LineResult>& results) {
  if (results.empty()) return {};
  MutexLock lock(mu_);
  PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  int64_t completed = 0;
  int64_t failed = 0;
  for (const LineResult& result : results) {
    PANO_RETURN_IF_ERROR(database_->Run("INSERT OR IGNORE INTO results(batch,line,ok,text) VALUES(?,?,?,?)",
                                        {id, result.line, int64_t{result.ok}, result.text}));
    (result.ok ? completed : failed) += database_->changed();
  }
  PANO_RETURN_IF_ERROR(database_->Run("UPDATE batches SET completed=completed+?, failed=failed+? WHERE id=?",
                                      {completed, failed, id}));
  return transaction.Commit();
}

Result<std::set<int64_t>> BatchStore::DoneLines(std::string_view id) const {
  MutexLock lock(mu_);
  std::set<int64_t> lines;
  PANO_RETURN_IF_ERROR(database_->Query("SELECT line FROM results WHERE batch=?", {id},
                                        [&](const Row& row) { lines.insert(lines.end(), row.Int(0)); }));
  return lines;
}

Result<FileRecord> BatchStore::WriteResults(const BatchRecord& batch, bool ok, int64_t now) {
  FileRecord file;
  std::unique_ptr<AtomicFile> out;
  int64_t last = -1;
  while (true) {
    std::string piece;
    {
      MutexLock lock(mu_);
      constexpr int64_t kRows = 64;
      const int64_t before = last;
      PANO_RETURN_IF_ERROR(database_->Query(
          "SELECT line,text FROM results WHERE batch=? AND ok=? AND line>? ORDER BY line LIMIT ?",
          {batch.id, int64_t{ok}, before, kRows}, [&](const Row& row) {
            last = row.Int(0);
            piece += row.Text(1);
            piece += '\n';
          }));
    }
    if (piece.empty()) break;
    if (!out) {
      file = {StrCat("file-", RandomHex(kIdBytes)), batch.tenant,
              StrCat(batch.id, ok ? "_output.jsonl" : "_error.jsonl"), "batch_output", 0, now};
      out = std::make_unique<AtomicFile>(PathOf(file.id), env_);
    }
    PANO_RETURN_IF_ERROR(out->Write(BytesOf(piece)));
    file.bytes += static_cast<int64_t>(piece.size());
  }
  if (out) PANO_RETURN_IF_ERROR(out->Commit());
  return file;
}

Status BatchStore::Finish(const BatchRecord& batch, BatchStatus to, int64_t now) {
  PANO_ASSIGN_OR_RETURN(FileRecord output, WriteResults(batch, /*ok=*/true, now));
  Result<FileRecord> errors = WriteResults(batch, /*ok=*/false, now);
  const Status ended = [&]() -> Status {
    PANO_RETURN_IF_ERROR(errors.error());
    MutexLock lock(mu_);
    PANO_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
    for (const FileRecord* file : {&output, &errors.value()}) {
      if (!file->id.empty()) PANO_RETURN_IF_ERROR(InsertFile(*file));
    }
    PANO_RETURN_IF_ERROR(database_->Run(
        StrCat("UPDATE batches SET status=?, since", static_cast<int>(to), "=?, output_file=?, error_file=?, errors=? WHERE id=?").c_str(),
        {static_cast<int64_t>(to), now, output.id, errors->id, batch.errors, batch.id}));
    PANO_RETURN_IF_ERROR(database_->Run("DELETE FROM results WHERE batch=?", {batch.id}));
    return transaction.Commit();
  }();
  if (ended.ok()) return {};
  for (const std::string& id : {output.id, errors.ok() ? errors->id : std::string()}) {
    if (!id.empty()) (void)env_.Remove(PathOf(id));
  }
  return ended;
}

}  // namespace pano::batches
