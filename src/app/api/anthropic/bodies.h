#pragma once

#include <vector>

#include "app/api/dialect.h"
#include "app/api/schema.h"

namespace pano::api::anthropic {

// What requests of this dialect are made of.
const BodySchema& MessagesBody();
const BodySchema& CountTokensBody();

// For /openapi.json: these and the bodies of answers.
std::vector<NamedSchema> Schemas();

}  // namespace pano::api::anthropic
