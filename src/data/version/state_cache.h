#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file_stamp.h"
#include "base/mapped_file.h"
#include "base/mutex.h"
#include "data/version/data_env.h"
#include "data/version/object_id.h"

namespace pano::data {

inline FileStamp StampOf(const EntryInfo& info) {
  return {info.device, info.inode, info.bytes, info.mtime_ns, info.ctime_ns};
}

// One line of the state file, as it lies on the disk (docs/formats/data_state.md). Do not reorder.
struct StateRecord {
  FileStamp stamp;
  Md5 md5;
  uint32_t hash = 0;    // HashName
  uint32_t check = 0;   // of all before it: a torn or foreign record is none
};
static_assert(sizeof(StateRecord) == 64);

// Digests of files that were hashed before, in one file of records sorted by inode: mapped, so that a million of
// them cost no time to load. A record counts only where device, inode, size and both times are what they were. A
// file that changed so late that a further change could have left the same times ("racy") is not recorded: it is
// hashed again. What cannot be read is as good as absent. Thread-safe.
class StateCache {
 public:
  StateCache(std::string path, DataEnv& env);

  std::optional<Md5> Find(const FileStamp& stamp, HashName hash) const;
  // `hashed_at_ns`: Now() before the first byte was read.
  void Record(const FileStamp& stamp, HashName hash, const Md5& md5, int64_t hashed_at_ns);
  // Of a file that nobody else could write while it was: an object of the cache.
  void RecordOwn(const FileStamp& stamp, HashName hash, const Md5& md5) { Record(stamp, hash, md5, INT64_MAX); }
  // Writes what was recorded together with what was there; nothing where nothing is new.
  Status Save();

  // What a change of a file's times takes to show, in ns: a tick of the kernel, and some more.
  static constexpr int64_t kRacyNs = 20'000'000;
  // The system's clock in ns, as file systems take it.
  static int64_t Now();

 private:
  std::optional<Md5> FindAdded(const FileStamp& stamp, HashName hash) const;

  const std::string path_;
  DataEnv& env_;
  std::shared_ptr<const MappedFile> file_;   // null: none
  std::span<const StateRecord> records_;     // in it, sorted
  mutable Mutex mu_;
  std::vector<StateRecord> added_ PANO_GUARDED_BY(mu_);
  std::unordered_map<uint64_t, uint32_t> places_ PANO_GUARDED_BY(mu_);   // inode and hash: its last in added_
};

}  // namespace pano::data
