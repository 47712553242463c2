#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "app/hub/hub_settings.h"
#include "app/hub/pull.h"
#include "base/result.h"

namespace pano::hub {

struct ResolveOptions {
  PullOptions pull;
  // The hub cannot be asked, and what the cache has is taken.
  std::function<void(const Status& failure)> on_fallback;
};

// The local path of a model argument: a path stays as it is; "hf:ORG/NAME[@REVISION][:FILE-or-TYPE]"
// becomes the folder or file in the hub's cache, fetched where it is not there or not the latest. A
// model in the cache is used although the hub cannot be reached or refuses.
Result<std::string> ResolveModel(const std::string& argument, const HubSettings& settings,
                                 const ResolveOptions& options = {}, const std::stop_token& stop = {});

}  // namespace pano::hub
