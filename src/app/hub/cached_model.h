#pragma once

#include <string>

#include "app/hub/hub_settings.h"
#include "app/hub/model_name.h"
#include "base/result.h"

namespace pano::hub {

// A model in the cache with all its files. A value.
struct CachedModel {
  std::string path;    // what opens it: the snapshot's folder, or a file in it
  std::string commit;
  std::string repo;
};

// Looks in the cache alone. NotFound where the revision is not there or files of the model are missing.
Result<CachedModel> FindCachedModel(const ModelName& name, const HubSettings& settings);

}  // namespace pano::hub
