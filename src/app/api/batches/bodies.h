#pragma once

#include <vector>

#include "app/api/dialect.h"
#include "app/api/schema.h"

namespace pano::api::batches {

// What a request for a batch is made of.
const BodySchema& BatchBody();

// For /openapi.json: that and the bodies of answers.
std::vector<NamedSchema> Schemas();

}  // namespace pano::api::batches
