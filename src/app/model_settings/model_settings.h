#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/models/adapter_version.h"
#include "app/models/serving_settings.h"
#include "base/clock.h"
#include "base/result.h"
#include "model/batch/batching.h"

namespace pano::model_settings {

// A name for one version of a model, "stable" or "canary". A value.
struct Label {
  std::string name;
  std::string version;
  int weight = 0;  // percent of the requests that name the model alone; 0: only who asks for the label
  bool operator==(const Label&) const = default;
};

// Which versions are to be loaded without being asked for, by Triton's names. A value.
struct VersionPolicy {
  enum class Kind : uint8_t { kLatest, kAll, kSpecific };
  Kind kind = Kind::kLatest;
  int64_t num_versions = 1;            // of kLatest
  std::vector<std::string> versions = {};  // of kSpecific
  bool operator==(const VersionPolicy&) const = default;
};

// What model.yaml says of batches: only what it says; the server's flags say the rest. A value.
struct BatchingChoice {
  bool sync = false;  // batching: sync: a request never waits for company
  // The members that dynamic_batching gives; absent: as the server has it.
  std::optional<int64_t> max_batch_size = {};
  std::optional<Duration> max_queue_delay = {};
  batch::Batching rest = {};  // preferred sizes, priorities, queue policies

  bool operator==(const BatchingChoice&) const = default;
  // Over the server's own.
  batch::Batching Over(const batch::Batching& server) const;
};

// model.yaml, read. A value.
struct ModelSettings {
  static constexpr size_t kLabelsMax = 64;
  static constexpr size_t kAdaptersMax = 256;

  std::vector<Label> labels = {};  // in the file's order; the weights are 100 together at most
  VersionPolicy version_policy = {};
  BatchingChoice batching = {};
  models::GenerationSettings defaults = {};
  // Adapters that are served beside the model; paths as the file has them, relative to its folder.
  std::vector<models::AdapterSource> adapters = {};

  const Label* FindLabel(std::string_view name) const;
  bool operator==(const ModelSettings&) const = default;
};

// Strict: InvalidArgument names the first key or value that is wrong, with its place as the field.
// "" is a file without settings.
Result<ModelSettings> ParseModelSettings(std::string_view text);

}  // namespace pano::model_settings
