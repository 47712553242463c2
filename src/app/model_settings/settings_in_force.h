#pragma once

#include <optional>
#include <string>

#include "app/model_settings/model_settings.h"
#include "base/status.h"

namespace pano::model_settings {

// What other settings ask for. Nothing of it needs a version to be loaded anew: labels and policies say
// which versions answer and are wanted, the rest is given to versions that serve. A value.
struct Changes {
  bool labels = false;
  bool version_policy = false;
  bool batching = false;  // batch::Predictor::SetBatching
  bool defaults = false;  // models::Generator::OverrideDefaults
  bool adapters = false;  // come and go beside the versions

  // Whether versions that serve are to be told.
  bool of_versions() const { return batching || defaults; }
  bool any() const { return labels || version_policy || adapters || of_versions(); }
  bool operator==(const Changes&) const = default;
};
Changes Compare(const ModelSettings& before, const ModelSettings& after);

// One model's settings while its model.yaml is edited under the server: which text is in force. A text
// other than the first comes into force when two looks in a row have seen it, since an editor may be in
// the middle of writing; one that is wrong is reported once and changes nothing. Thread-compatible.
class SettingsInForce {
 public:
  // Until a first text was right there are none, and the model is not to be loaded.
  bool usable() const { return usable_; }
  const ModelSettings& settings() const { return settings_; }
  // What is wrong with the text that is there now; "" when nothing is.
  const std::string& problem() const { return problem_; }

  // What a look has seen: the file's text ("": there is none), or why it could not be read. The changes
  // that come into force now; InvalidArgument when something else is wrong than at the look before.
  Result<Changes> Look(const Result<std::string>& text);

 private:
  bool usable_ = false;
  ModelSettings settings_;
  std::string in_force_;
  std::optional<std::string> seen_;
  std::string problem_;
};

}  // namespace pano::model_settings
