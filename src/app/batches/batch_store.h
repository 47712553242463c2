#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/batches/records.h"
#include "app/sqlite/database.h"
#include "base/atomic_file.h"
#include "base/env.h"
#include "base/mutex.h"
#include "base/result.h"

namespace pano::batches {

// A file on its way into a store: on no record, and gone with this unless it is added. Confined to one thread at a
// time.
class IncomingFile {
 public:
  // What is wrong with the disk, in words for a caller: Unavailable, reason "disk_full" or "file_not_kept".
  Status Write(std::string_view bytes);
  int64_t bytes() const { return static_cast<int64_t>(out_.size()); }

 private:
  friend class BatchStore;
  IncomingFile(std::string id, const std::string& path, Env& env) : id_(std::move(id)), out_(path, env) {}
  Status Commit();

  const std::string id_;
  AtomicFile out_;
};

// Files and batches of tenants in a folder: records and finished lines in `batches.db` (SQLite, synced at each commit),
// bytes of files in `files/`. What was committed survives the end of the process; a file that is not on record is
// removed when the store is opened. One process at a time. Thread-safe.
//
// What another tenant has does not exist: NotFound in the words for what is not there. A full disk is Exhausted with the
// reason "disk_full"; what was to be written then was not.
class BatchStore {
 public:
  struct Options {
    int64_t tenant_bytes_max = 4ll << 30;  // of all files of a tenant
    int64_t tenant_files_max = 10'000;
    int64_t tenant_batches_max = 10'000;   // kept, whatever they are at
    int64_t unfinished_max = 256;          // of all tenants together
    int64_t tenant_unfinished_max = 64;    // of one, so that it leaves room for others
  };

  // Makes the folder where it is missing. Failures name the path.
  static Result<std::unique_ptr<BatchStore>> Open(const std::string& folder, Options options, Env& env = Env::Real());

  // Exhausted where the tenant has as many, or as much, as it may.
  Result<FileRecord> AddFile(std::string_view tenant, std::string_view name, std::string_view purpose,
                             std::string_view bytes, int64_t now) PANO_EXCLUDES(mu_);
  // The same in pieces: AddFile takes what was written, or refuses and removes it.
  std::unique_ptr<IncomingFile> NewFile();
  Result<FileRecord> AddFile(std::string_view tenant, std::string_view name, std::string_view purpose,
                             std::unique_ptr<IncomingFile> file, int64_t now) PANO_EXCLUDES(mu_);
  Result<FileRecord> FindFile(std::string_view tenant, std::string_view id) const PANO_EXCLUDES(mu_);
  // InvalidArgument while a batch that is not done reads it.
  Status RemoveFile(std::string_view tenant, std::string_view id) PANO_EXCLUDES(mu_);
  // Where its bytes are.
  std::string PathOf(std::string_view file_id) const;

  // A part of a list, the newest first (or last, `oldest_first`): at most `limit` entries after that one.
  struct Page {
    std::string after = {};  // an id; "": from the beginning
    int64_t limit = 20;
    bool oldest_first = false;
    std::string purpose = {};  // of files; "": any
  };
  template <typename Record>
  struct Listed {
    std::vector<Record> records;
    bool has_more = false;
  };
  // NotFound where there is no `after`.
  Result<Listed<FileRecord>> ListFiles(std::string_view tenant, const Page& page) const PANO_EXCLUDES(mu_);
  Result<Listed<BatchRecord>> ListBatches(std::string_view tenant, const Page& page) const PANO_EXCLUDES(mu_);

  // `batch` has everything but id and status, which it is given.
  Result<BatchRecord> AddBatch(BatchRecord batch) PANO_EXCLUDES(mu_);
  Result<BatchRecord> FindBatch(std::string_view tenant, std::string_view id) const PANO_EXCLUDES(mu_);
  // Cancelling, if it is not done.
  Result<BatchRecord> CancelBatch(std::string_view tenant, std::string_view id, int64_t now) PANO_EXCLUDES(mu_);

  // For who runs them. All that are not done, the oldest first.
  Result<std::vector<BatchRecord>> Unfinished() const PANO_EXCLUDES(mu_);
  // Only where it is at `from`: whoever cancelled it meanwhile was earlier. False: it is not.
  Result<bool> Advance(std::string_view id, BatchStatus from, BatchStatus to, int64_t now) PANO_EXCLUDES(mu_);
  Status SetTotal(std::string_view id, int64_t total) PANO_EXCLUDES(mu_);
  // It cannot be run; `errors` is JSON.
  Status Fail(std::string_view id, std::string_view errors, int64_t now) PANO_EXCLUDES(mu_);
  // All or none; those whose line has a result already change nothing.
  Status AddResults(std::string_view id, const std::vector<LineResult>& results) PANO_EXCLUDES(mu_);
  Result<std::set<int64_t>> DoneLines(std::string_view id) const PANO_EXCLUDES(mu_);
  // Writes the results as the batch's output and error files, in the order of their lines, and puts it to `to`, a final
  // status, with the errors that `batch` has. To be called again after a failure or a crash. By one thread.
  Status Finish(const BatchRecord& batch, BatchStatus to, int64_t now) PANO_EXCLUDES(mu_);

 private:
  BatchStore(std::string folder, Options options, Env& env, std::unique_ptr<sqlite::Database> database);
  Status Prepare();
  Status RemoveOrphans();
  Status CheckRoom(std::string_view tenant, int64_t bytes) PANO_REQUIRES(mu_);
  Status InsertFile(const FileRecord& file) PANO_REQUIRES(mu_);
  // The results of one kind as a file that is not on record yet; without an id where there are none.
  Result<FileRecord> WriteResults(const BatchRecord& batch, bool ok, int64_t now) PANO_EXCLUDES(mu_);
  Result<FileRecord> FindFileLocked(std::string_view tenant, std::string_view id) const PANO_REQUIRES(mu_);
  Result<BatchRecord> FindBatchLocked(std::string_view tenant, std::string_view id) const PANO_REQUIRES(mu_);

  const std::string folder_;
  const Options options_;
  Env& env_;
  mutable Mutex mu_;
  const std::unique_ptr<sqlite::Database> database_;  // used under mu_
};

}  // namespace pano::batches
