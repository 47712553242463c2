#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/models/adapter_version.h"
#include "app/models/model_host.h"
#include "base/mutex.h"

namespace pano::models {

// Keeps the adapters in the host that models ask for (model.yaml) while these come, change and go. A
// thread of its own reads them, so that nobody waits; one that cannot be loaded is reported, is tried
// again when its files have changed or memory may have been freed, and what was served before goes on.
// Thread-safe.
class AdapterSet {
 public:
  // Both outlive it; `memory` may be null. `retry_every`: how often those are looked at that could not
  // be loaded.
  AdapterSet(ModelHost& host, const MemoryBudget* memory,
             std::chrono::milliseconds retry_every = std::chrono::seconds(5));
  ~AdapterSet();
  AdapterSet(const AdapterSet&) = delete;
  AdapterSet& operator=(const AdapterSet&) = delete;

  // From now on `base` has exactly these; returns at once. The base is not kept.
  void Want(const ModelVersionPtr& base, std::vector<AdapterSource> adapters);
  // The base takes no more requests: neither do its adapters.
  void Retire(const ModelVersionPtr& base);
  // Until all that was asked for before is done; for tests.
  void WaitUntilDone();

 private:
  struct Wanted {
    std::weak_ptr<const ModelVersion> base;
    std::vector<AdapterSource> adapters;
  };
  struct Served {
    std::weak_ptr<const ModelVersion> base;
    std::string path;
    std::weak_ptr<const ModelVersion> version;  // what was loaded: another model may have its name by now
  };
  struct Failure {
    std::string message;
    uint64_t bytes = 0;  // of its files
    bool cheap = false;  // nothing was read: no memory, or the name is taken
  };
  // By the base's full name.
  using WantedMap = std::map<std::string, Wanted>;

  void Run();
  bool IsOurs(const std::string& id, const std::string& version, const Served& served) const;
  void Reconcile(const WantedMap& wanted);
  void TryOne(const AdapterSource& source, const ModelVersionPtr& base, const WantedMap& wanted,
              const Failure* before);
  Status LoadOne(const AdapterSource& source, const ModelVersionPtr& base, const WantedMap& wanted);
  template <typename Predicate>
  static bool Wants(const WantedMap& wanted, const std::string& id, const Predicate& is);

  ModelHost& host_;
  const MemoryBudget* const memory_;
  const std::chrono::milliseconds retry_every_;

  Mutex mu_;
  CondVar changed_;
  WantedMap wanted_ PANO_GUARDED_BY(mu_);
  uint64_t asked_ PANO_GUARDED_BY(mu_) = 0, done_ PANO_GUARDED_BY(mu_) = 0;
  bool stopping_ PANO_GUARDED_BY(mu_) = false;

  // The thread's.
  std::map<std::pair<std::string, std::string>, Served> served_;  // by id and version
  std::map<std::string, Failure> failed_;
  std::jthread thread_;
};

}  // namespace pano::models
