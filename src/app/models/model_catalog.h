#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/models/model_host.h"
#include "base/status.h"

namespace pano::models {

// Where a version of a model is between its files and its answers.
enum class LoadState : uint8_t { kUnloaded, kLoading, kReady, kUnloading, kFailed };
inline constexpr size_t kLoadStates = 5;
const char* LoadStateName(LoadState state);  // "unloaded", "loading", "ready", "unloading", "failed"

// How far a load is. An estimate, from the size of the files and the speed of earlier loads. A value.
struct LoadProgress {
  double fraction = 0;      // of the bytes
  int64_t eta_seconds = 1;  // until it is ready, at least 1
};

// What is known of one version, loaded or not. A value.
struct VersionStatus {
  ModelTarget target;
  std::string parent = {};  // of an adapter: the id of the model that it changes
  LoadState state = LoadState::kUnloaded;
  std::string reason = {};                   // why it is not ready, or not newer; "": nothing to say
  std::optional<LoadProgress> progress = {};  // while it loads, also beside a copy that is ready
  bool on_request = false;                    // not loaded, and a request would load it
  std::vector<std::string> labels = {};
};

// Models that exist without all being loaded, and how they come and go: what the API asks of whoever
// keeps them (app/repository). Thread-safe; no call waits for a disk or a model.
class ModelCatalog {
 public:
  virtual ~ModelCatalog() = default;

  // Called once, from any thread; it must not wait. A failure may say when to come back.
  struct Refusal {
    Status status;
    int64_t retry_after_seconds = 1;
    std::optional<LoadProgress> progress = {};  // of the load that goes on
  };
  using Done = std::function<void(Refusal)>;  // an ok status: it is as it was wanted

  // Everything that it keeps, by id, then by version.
  virtual std::vector<VersionStatus> List() const = 0;
  // Whether it keeps that version, loaded or not.
  virtual bool Keeps(const ModelTarget& target) const = 0;
  // Versions of one id; empty where it is not kept here.
  virtual std::vector<VersionStatus> Versions(std::string_view id) const = 0;

  // A request waits for the version, within limits on time and on how many wait; the first has it loaded.
  virtual void Await(const ModelTarget& target, Done done) = 0;
  // An operator wants it loaded, or gone; `version` "": those that are served by default, or all. Gone,
  // it stays so until somebody loads it: requests do not.
  virtual void Load(const std::string& id, const std::string& version, Done done) = 0;
  virtual void Unload(const std::string& id, const std::string& version, Done done) = 0;
};

}  // namespace pano::models
