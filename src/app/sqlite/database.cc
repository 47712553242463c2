#include "app/sqlite/database.h"

#include <sqlite3.h>

#include <utility>

#include "base/log.h"
#include "base/strings.h"

namespace pano::sqlite {
namespace {

constexpr int kBusyMilliseconds = 5000;

StatusCode CodeOf(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return StatusCode::kCorruption;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return StatusCode::kPermissionDenied;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return StatusCode::kExhausted;
    case SQLITE_CONSTRAINT:
      return StatusCode::kAlreadyExists;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
      return StatusCode::kUnavailable;
    default:
      return StatusCode::kInternal;
  }
}

class Statement {
 public:
  ~Statement() { sqlite3_finalize(statement_); }
  int Prepare(sqlite3* handle, const char* text) {
    return sqlite3_prepare_v2(handle, text, -1, &statement_, nullptr);
  }
  int Bind(std::initializer_list<Value> values) {
    int at = 0;
    for (const Value& value : values) {
      ++at;
      int code = SQLITE_OK;
      if (const auto* number = std::get_if<int64_t>(&value)) {
        code = sqlite3_bind_int64(statement_, at, *number);
      } else {
        const auto text = std::get<std::string_view>(value);
        code = sqlite3_bind_text64(statement_, at, text.data() ? text.data() : "", text.size(),
                                   SQLITE_TRANSIENT, SQLITE_UTF8);
      }
      if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
  }
  sqlite3_stmt* get() const { return statement_; }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace

int64_t Row::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Row::Text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes ? std::string(static_cast<const char*>(bytes), static_cast<size_t>(size)) : "";
}

Status Database::Failure(int code) const {
  Status status(CodeOf(code), StrCat(name_, ": ", sqlite3_errmsg(handle_)));
  return (code & 0xff) == SQLITE_FULL ? std::move(status).WithReason("disk_full") : status;
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, std::string_view area) {
  const std::string name = StrCat("[", area, "] ", path);
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &handle,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
  if (!handle) return Status(StatusCode::kExhausted, StrCat(name, ": out of memory"));
  std::unique_ptr<Database> database(new Database(handle, name));
  if (opened != SQLITE_OK) return database->Failure(opened);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  // A file that somebody else made runs nothing of its own.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  PANO_RETURN_IF_ERROR(database->Script(
      "PRAGMA cell_size_check=ON; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"));
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

Status Database::Script(const char* statements) {
  const int code = sqlite3_exec(handle_, statements, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? OkStatus() : Failure(code);
}

Status Database::Query(const char* statement, std::initializer_list<Value> values,
                       const std::function<void(const Row&)>& row) {
  Statement prepared;
  if (int code = prepared.Prepare(handle_, statement); code != SQLITE_OK) return Failure(code);
  if (int code = prepared.Bind(values); code != SQLITE_OK) return Failure(code);
  while (true) {
    const int code = sqlite3_step(prepared.get());
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return Failure(code);
    row(Row(prepared.get()));
  }
}

Status Database::Run(const char* statement, std::initializer_list<Value> values) {
  return Query(statement, values, [](const Row&) {});
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

int64_t Database::changed() const { return sqlite3_changes(handle_); }

Result<Transaction> Transaction::Begin(Database& database) {
  PANO_RETURN_IF_ERROR(database.Script("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Status Transaction::Commit() {
  PANO_RETURN_IF_ERROR(database_->Script("COMMIT"));
  database_ = nullptr;
  return {};
}

Transaction::~Transaction() {
  if (!database_ || !database_->in_transaction()) return;
  if (Status status = database_->Script("ROLLBACK"); !status.ok()) LogWarning(status.message());
}

}  // namespace pano::sqlite
