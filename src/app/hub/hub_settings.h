#pragma once

#include <string>
#include <string_view>

#include "base/env.h"
#include "base/result.h"

namespace pano::hub {

// Where the hub and its cache are, from the environment variables that huggingface_hub knows, so that
// both programs share files, tokens and mirrors. A value.
struct HubSettings {
  std::string endpoint = "https://huggingface.co";  // HF_ENDPOINT; no '/' at its end
  std::string token;                                // HF_TOKEN, else the file HF_TOKEN_PATH; "" = none
  std::string cache_folder;                         // HF_HUB_CACHE, else HF_HOME/hub
  bool offline = false;                             // HF_HUB_OFFLINE
  std::string ca_file;  // certificates to trust (base/trusted_certificates.h); "": the system's
};

// InvalidArgument names the variable that is wrong. The token is never part of a message.
Result<HubSettings> HubSettingsFromEnvironment(Env& env = Env::Real());

}  // namespace pano::hub
