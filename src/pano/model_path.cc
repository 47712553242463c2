#include "pano/model_path.h"

#include <cstdio>

#include "app/hub/hub_settings.h"
#include "app/hub/model_name.h"
#include "app/hub/resolve.h"
#include "app/models/model_host.h"
#include "base/env.h"
#include "base/strings.h"
#include "pano/command_line/interrupt.h"
#include "pano/pull_progress.h"

namespace pano::cli {

Result<std::string> ResolveModel(const std::string& argument) {
  if (!hub::IsRegistryName(argument)) return argument;
  const StopOnSignal interrupt;
  return ResolveModel(argument, interrupt.token());
}

Result<std::string> ResolveModel(const std::string& argument, const std::stop_token& stop) {
  if (!hub::IsRegistryName(argument)) return argument;
  PANO_ASSIGN_OR_RETURN(const hub::HubSettings settings, hub::HubSettingsFromEnvironment());
  hub::ResolveOptions options;
  options.on_fallback = [](const Status& failure) {
    std::fprintf(stderr, "the hub cannot be asked, the model in the cache is used: %s\n",
                 failure.message().c_str());
  };
  PullProgress progress(argument, /*json=*/false);
  progress.Attach(options.pull);
  return hub::ResolveModel(argument, settings, options, stop);
}

Result<std::string> ResolveServedModel(const std::string& argument) {
  const size_t equals = argument.find('=');
  if (equals != std::string::npos && models::IsModelId(argument.substr(0, equals))) {
    PANO_ASSIGN_OR_RETURN(const std::string path, ResolveModel(argument.substr(equals + 1)));
    return StrCat(argument.substr(0, equals), "=", path);
  }
  if (!hub::IsRegistryName(argument)) return argument;
  PANO_ASSIGN_OR_RETURN(const hub::ModelName name, hub::ParseModelName(argument));
  PANO_ASSIGN_OR_RETURN(const std::string path, ResolveModel(argument));
  const std::string id = models::IsModelId(name.repo) ? name.repo : std::string(BaseName(name.repo));
  return StrCat(id, "=", path);
}

}  // namespace pano::cli
