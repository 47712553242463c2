#pragma once

#include <vector>

#include "app/api/dialect.h"
#include "app/api/schema.h"

namespace pano::api::kserve {

const BodySchema& GenerateBody();

// For /openapi.json: this and the bodies of answers.
std::vector<NamedSchema> Schemas();

}  // namespace pano::api::kserve
