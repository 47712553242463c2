#pragma once

#include <array>
#include <string>
#include <string_view>

#include "app/api/call.h"
#include "app/api/context.h"
#include "base/result.h"

namespace pano::inference {

inline constexpr std::string_view kServerName = "panorama";
std::string_view ServerVersion();

// Extensions of the protocol, by the names that Triton's documents give them.
inline constexpr std::array<std::string_view, 7> kExtensions = {
    "binary_tensor_data", "generate", "model_configuration", "model_repository", "parameters", "schedule_policy",
    "statistics"};

// Why the server takes no requests now; "" when it does.
std::string WhyServerNotReady(const api::Context& context);

// The loaded version that the call names and may see; NotFound, or Unavailable while models load.
Result<models::ModelVersionPtr> LookUp(const api::Context& context, const api::Call& call);

// Whether that version answers: NotFound for one that does not exist, Unavailable with the reason else.
Status CheckModelReady(const api::Context& context, const api::Call& call);

}  // namespace pano::inference
