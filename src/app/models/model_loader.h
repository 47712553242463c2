#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/models/load_settings.h"
#include "app/models/model_source.h"
#include "app/models/model_version.h"
#include "base/fwd.h"
#include "base/result.h"

namespace pano::models {

// Makes a version's observer, by its label.
using ObserverFactory = std::function<engine::Observer(const std::string& label)>;

// Opens, checks and starts one version; `label` names its series. `pool` outlives it. One after the
// other: files that are opened meanwhile count as its own.
Result<ModelVersionPtr> LoadModelVersion(const ModelSource& source, const VersionSource& at,
                                         std::string label, const LoadSettings& settings,
                                         ComputePool& pool, const ObserverFactory& observers);

// Opens, checks and starts every version of `source`. `pool` outlives them.
Result<std::vector<ModelVersionPtr>> LoadModelVersions(const ModelSource& source,
                                                       const LoadSettings& settings,
                                                       ComputePool& pool,
                                                       const ObserverFactory& observers);

}  // namespace pano::models
