#pragma once

#include <string>

#include "app/hub/hub_settings.h"
#include "base/result.h"

namespace pano::hub {

// The local path of a model argument: a path stays as it is; "hf:ORG/NAME[@REVISION][:FILE-or-TYPE]"
// becomes the folder or file in the hub's cache.
Result<std::string> ResolveModel(const std::string& argument, const HubSettings& settings);

}  // namespace pano::hub
