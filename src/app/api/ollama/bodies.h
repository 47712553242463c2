#pragma once

#include <vector>

#include "app/api/dialect.h"
#include "app/api/schema.h"

namespace pano::api::ollama {

// What requests of this dialect are made of.
const BodySchema& ChatBody();
const BodySchema& GenerateBody();
const BodySchema& EmbedBody();
const BodySchema& EmbeddingsBody();
const BodySchema& ShowBody();

// For /openapi.json: these and the bodies of answers.
std::vector<NamedSchema> Schemas();

}  // namespace pano::api::ollama
