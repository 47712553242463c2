#pragma once

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "app/quota/usage_journal.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

struct sqlite3;

namespace pano::quota {

// A journal in an SQLite file of its own, `quotas.db` in a folder that is made where it is missing:
// table `usage` (subject, dimension, slot, amount), as docs/quotas.md says. A thread writes what has
// gathered in one transaction, at once; a killed process loses nothing that was written, a machine
// without power may lose the last seconds (WAL, synchronous = NORMAL). Where the disk refuses, changes
// are summed up in memory, a slot each, and tried again each second.
//
// The file is locked: a second process is refused. Thread-safe.
class SqliteJournal final : public UsageJournal {
 public:
  static constexpr const char* kFileName = "quotas.db";

  // `clock` outlives it. InvalidArgument or Corruption with the file's path, and what to do, when it is
  // no database of ours or cannot be had.
  static Result<std::unique_ptr<SqliteJournal>> Open(const std::string& folder,
                                                     Clock& clock = Clock::Real());
  ~SqliteJournal() override;  // writes what is left

  std::vector<UsageDelta> TakeKept(int64_t now_ms) override;
  uint64_t Append(std::vector<UsageDelta> deltas) override;
  bool AwaitWritten(uint64_t ticket, Duration limit) override;

 private:
  using Key = std::tuple<std::string, Dimension, int64_t>;  // subject, dimension, slot
  using Changes = std::map<Key, int64_t>;
  struct CloseDb {
    void operator()(sqlite3* db) const;
  };

  SqliteJournal(std::string path, Clock& clock);
  Status Prepare(int64_t now_ms);
  Status Execute(const char* sql);
  Status Load();
  Status Write(const Changes& changes);
  Status Forget();
  void Run(const std::stop_token& stop);

  const std::string path_;
  Clock& clock_;
  std::unique_ptr<sqlite3, CloseDb> db_;  // the thread's, once it runs
  int64_t forgot_ = 0;                    // the thread's: Unix seconds

  Mutex mu_;
  CondVar changed_;
  Changes pending_ PANO_GUARDED_BY(mu_);
  std::vector<UsageDelta> kept_ PANO_GUARDED_BY(mu_);
  uint64_t appended_ PANO_GUARDED_BY(mu_) = 0;
  uint64_t written_ PANO_GUARDED_BY(mu_) = 0;
  bool failing_ PANO_GUARDED_BY(mu_) = false;
  bool stopping_ PANO_GUARDED_BY(mu_) = false;
  std::jthread thread_;
};

}  // namespace pano::quota
