#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace pano::sqlite {

// What stands for a '?' of a statement.
using Value = std::variant<int64_t, std::string_view>;

// A row of an answer, for the length of a call. Confined to one thread.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  int64_t Int(int column) const;
  std::string Text(int column) const;  // bytes as they are; "" for NULL

 private:
  sqlite3_stmt* statement_;
};

// A connection to an SQLite database: a write-ahead log, synced at every commit, so that what was
// committed survives the end of the process or the machine. Confined to one thread at a time.
//
// Failures: Corruption (the file is none of SQLite's, or damaged), PermissionDenied (not to be read or
// written), Unavailable (somebody else writes for longer than 5 s), Exhausted with the reason
// "disk_full", AlreadyExists (a unique value is there).
class Database {
 public:
  // The file has to exist; an empty one is an empty database. `area` stands first in messages: "auth".
  static Result<std::unique_ptr<Database>> Open(const std::string& path, std::string_view area);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Statements without answers, with ';' between.
  Status Script(const char* statements);
  Status Run(const char* statement, std::initializer_list<Value> values = {});
  // Calls `row` for each row of the answer.
  Status Query(const char* statement, std::initializer_list<Value> values,
               const std::function<void(const Row& row)>& row);
  // Whether a transaction is open: a full disk ends one by itself.
  bool in_transaction() const;
  // Rows that the last Run changed.
  int64_t changed() const;

 private:
  Database(sqlite3* handle, std::string name) : handle_(handle), name_(std::move(name)) {}
  Status Failure(int code) const;

  sqlite3* const handle_;
  const std::string name_;  // "[auth] path"
};

// Between Begin and Commit nobody else writes; without Commit nothing has happened. Confined to one
// thread.
class Transaction {
 public:
  static Result<Transaction> Begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // null: over, or moved from
};

}  // namespace pano::sqlite
