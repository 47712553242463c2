#pragma once

#include <atomic>
#include <set>
#include <string>

#include "base/env.h"
#include "base/mutex.h"
#include "base/thread_annotations.h"
#include "data/version/remote/remote.h"

namespace pano::remote {

// A remote that is a folder, here or on a file server. An object is written in `tmp/` below it and
// renamed once its hash is right. Thread-safe.
class DirectoryRemote final : public Remote {
 public:
  // The folder is made with the first Put.
  explicit DirectoryRemote(std::string root, Env& env = Env::Real());

  Result<std::vector<bool>> Exists(const std::vector<std::string>& keys,
                                   const std::stop_token& stop) override;
  Status List(const std::string& prefix, const OnEntry& on_entry,
              const std::stop_token& stop) override;
  Status Get(const std::string& key, uint64_t offset, const OnBytes& on_bytes,
             const std::stop_token& stop) override;
  Status Put(const std::string& key, const PutSource& source, const std::stop_token& stop) override;
  Status Remove(const std::string& key, const std::stop_token& stop) override;
  std::string Name() const override { return root_; }
  int jobs_hint() const override;

 private:
  Status ListFolder(const std::string& folder, const std::string& prefix, int depth,
                    const OnEntry& on_entry, const std::stop_token& stop);
  Status MakeFolders(const std::string& folder);
  Status Copy(const PutSource& source, const std::string& temporary, const std::stop_token& stop);
  bool IsReal() const { return &env_ == &Env::Real(); }

  const std::string root_;
  Env& env_;
  std::atomic<bool> cleaned_{false};  // of what killed writers left
  Mutex mu_;
  std::set<std::string> folders_ PANO_GUARDED_BY(mu_);  // known to exist
};

}  // namespace pano::remote
