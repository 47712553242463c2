#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/api/call.h"
#include "app/inference/signature.h"
#include "app/models/model_version.h"
#include "base/result.h"

namespace pano::api::tfserving {

inline constexpr std::string_view kServingDefault = "serving_default";

// One signature of a model: which of its outputs it gives. A value.
struct ServingSignature {
  std::string name;
  std::vector<std::string> outputs;  // in order
};

// "serving_default", then one for each output, by its name.
std::vector<ServingSignature> SignaturesOf(const models::ModelVersion& version);
// "" means serving_default. NotFound.
Result<ServingSignature> FindSignature(const models::ModelVersion& version, std::string_view name);

// NotFound where the path says /labels/ and the name is no label.
Status CheckLabel(const Call& call, std::string_view version);

}  // namespace pano::api::tfserving
