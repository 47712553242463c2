#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mapped_file.h"
#include "base/mutex.h"
#include "data/version/data_env.h"
#include "data/version/object_id.h"

namespace pano::data {

// By what a file is known again without reading it. A value.
struct FileStamp {
  uint64_t device = 0, inode = 0, bytes = 0;
  int64_t mtime_ns = 0, ctime_ns = 0;

  static FileStamp Of(const EntryInfo& info) {
    return {info.device, info.inode, info.bytes, info.mtime_ns, info.ctime_ns};
  }
  bool operator==(const FileStamp&) const = default;
};

// Digests of files that were hashed before, in one file of records sorted by inode (docs/formats/data_state.md):
// mapped, so that a million of them cost no time to load. A record counts only where device, inode, size and both
// times are what they were. A file that changed so late that a further change could have left the same times
// ("racy") is not recorded: it is hashed again. What cannot be read is as good as absent. Thread-safe.
class StateCache {
 public:
  StateCache(std::string path, DataEnv& env);

  std::optional<Md5> Find(const FileStamp& stamp, HashName hash) const;
  // `hashed_at_ns`: the system's clock before the first byte was read.
  void Record(const FileStamp& stamp, HashName hash, const Md5& md5, int64_t hashed_at_ns);
  // Writes what was recorded together with what was there; nothing where nothing is new.
  Status Save();

  size_t size() const;
  // CLOCK_REALTIME_COARSE, which is the clock of file systems, in ns.
  static int64_t Now();

 private:
  struct Record_;
  const std::string path_;
  DataEnv& env_;
  std::shared_ptr<const MappedFile> file_;   // null: none
  mutable Mutex mu_;
  std::vector<std::byte> added_ PANO_GUARDED_BY(mu_);   // of Record_, in the order they came
  std::unordered_map<uint64_t, size_t> places_ PANO_GUARDED_BY(mu_);   // inode ^ hash: the last in added_
};

}  // namespace pano::data
