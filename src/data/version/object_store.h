#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/version/data_env.h"
#include "data/version/md5_stream.h"
#include "data/version/object_id.h"
#include "data/version/state_cache.h"

namespace pano::data {

// How a file of the workspace gets the bytes of an object.
enum class LinkType { kReflink, kHardLink, kSymbolicLink, kCopy };

// InvalidArgument for a type that there is not: "reflink,hardlink,symlink,copy".
Result<std::vector<LinkType>> ParseLinkTypes(std::string_view text);

struct StoreOptions {
  bool shared = false;            // cache.shared = group: folders 02775, objects 0444 all the same
  std::vector<LinkType> link_types = {LinkType::kReflink, LinkType::kCopy};   // tried in this order
  std::string workspace_temporary;   // a folder on the workspace's file system for files that PlaceAt writes
};

// What PutFile stored. A value.
struct StoredFile {
  ObjectId id;
  FileStamp stamp;   // of the file once it was read; its size is that of what was stored
};

// Objects by their digest below one folder, as DVC lays them out (ObjectId::RelativePath): a cache. Objects are
// read-only files (0444) that appear whole or not at all; one whose bytes are not what its name says is found
// when it is read and never handed out. Thread-safe.
class ObjectStore {
 public:
  // `state` may be null: then every reading hashes.
  ObjectStore(std::string folder, StoreOptions options, StateCache* state, DataEnv& env);

  const std::string& folder() const { return folder_; }
  const StoreOptions& options() const { return options_; }
  DataEnv& env() const { return env_; }
  std::string Path(const ObjectId& id) const;
  bool Has(const ObjectId& id) const;    // a file with that name stands there; its bytes are not looked at

  // The path of the object once its bytes are known to be what its name says: hashed now, or before and
  // unchanged since. NotFound; Corruption names the object.
  Result<std::string> Verified(const ObjectId& id) const;
  // The bytes, verified.
  Result<std::string> Read(const ObjectId& id, size_t bytes_max) const;

  // Bytes become an object; one that is there and sound stays as it is, a corrupt one is replaced.
  Result<ObjectId> PutBytes(std::string_view bytes, bool folder, HashName hash = HashName::kMd5);
  // The file's content becomes an object; `path`, whose size was `bytes_expected`, stays. What is stored is what was hashed,
  // even if the file changes meanwhile.
  Result<StoredFile> PutFile(const std::string& path, uint64_t bytes_expected, HashName hash = HashName::kMd5);
  // A finished file (of TemporaryPath) becomes the object `expected`, or is removed: Corruption when its bytes are
  // something else.
  Status Adopt(const std::string& temporary, const ObjectId& expected);
  // The same for a file of which the caller knows the digest, having hashed what it wrote.
  Status Install(const std::string& temporary, const ObjectId& id);
  // A new name in the store's folder, for a file that Adopt or Install takes.
  std::string TemporaryPath();
  // One on the workspace's file system, for a file or folder that goes into the workspace.
  std::string WorkspaceTemporary();
  // Removes what killed processes left under such names and did not touch for `age_seconds`.
  Status RemoveAbandoned(double age_seconds);

  // Puts the object's content at `path`, in place of what stands there: by the first link type that works here. The
  // folders above exist. `path` is what it was or the whole object, never a part. Copies are writable;
  // `executable` sets their bits.
  Status PlaceAt(const ObjectId& id, const std::string& path, bool executable);

  // Every name of an object that is there, of both layouts.
  Result<std::vector<ObjectId>> List() const;
  Status Remove(const ObjectId& id);

 private:
  bool Sound(const ObjectId& id) const;
  Status MakeFolderOf(const ObjectId& id);
  // Installs a file that has the mode of objects.
  Status InstallReadOnly(const std::string& temporary, const ObjectId& id);
  Result<StoredFile> PutLargeFile(const std::string& path, HashName hash);
  Status CopySmall(const ObjectId& id, const std::string& path, bool executable);
  Status CopyTo(const ObjectId& id, const std::string& path, bool executable);

  const std::string folder_;
  const StoreOptions options_;
  StateCache* const state_;
  DataEnv& env_;
  const std::string mark_;                 // of this process, in temporary names
  std::atomic<uint64_t> temporaries_{0};
  std::array<std::atomic<bool>, 512> made_{};   // folders of first bytes, of both layouts, that are there
  std::atomic<int> first_link_{0};         // link types before it do not work here
};

// Bytes on their way into a store, for what comes over a network: hashed as they come, installed only if they are
// what was expected. Without Commit nothing is left. Confined to one thread.
class ObjectWriter {
 public:
  ObjectWriter(ObjectStore& store, ObjectId expected);
  ~ObjectWriter();
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  Status Append(std::span<const std::byte> bytes);
  // Corruption where the digest is not the expected one; the bytes are gone then.
  Status Commit();

 private:
  ObjectStore& store_;
  const ObjectId expected_;
  const std::string path_;
  std::unique_ptr<File> file_;
  bool created_ = false;
  Md5Stream md5_;
};

}  // namespace pano::data
