#include "app/model_settings/settings_in_force.h"

#include <utility>

namespace pano::model_settings {

Changes Compare(const ModelSettings& before, const ModelSettings& after) {
  return {.labels = before.labels != after.labels,
          .version_policy = before.version_policy != after.version_policy,
          .batching = before.batching != after.batching,
          .defaults = before.defaults != after.defaults,
          .adapters = before.adapters != after.adapters};
}

Result<Changes> SettingsInForce::Look(const Result<std::string>& text) {
  if (text.ok()) {
    const bool steady = !seen_ || *seen_ == *text;
    seen_ = *text;
    if (usable_ && *text == in_force_) {
      problem_.clear();
      return Changes{};
    }
    if (!steady) return Changes{};
  }
  Result<ModelSettings> read = text.ok() ? ParseModelSettings(*text) : Result<ModelSettings>(text.error());
  if (!read.ok()) {
    if (problem_ == read.error().message()) return Changes{};
    problem_ = read.error().message();
    return read.error().Wrap("model.yaml");
  }
  const Changes changes = Compare(settings_, *read);
  settings_ = std::move(read).value();
  in_force_ = *text;
  usable_ = true;
  problem_.clear();
  return changes;
}

}  // namespace pano::model_settings
