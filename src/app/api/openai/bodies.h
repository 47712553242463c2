#pragma once

#include <vector>

#include "app/api/dialect.h"
#include "app/api/schema.h"

namespace pano::api::openai {

// What requests of this dialect are made of.
const BodySchema& ChatBody();
const BodySchema& CompletionBody();
const BodySchema& StreamOptions();   // "stream_options" of both
const BodySchema& EmbeddingsBody();
const BodySchema& ResponseBody();
const BodySchema& RerankBody();
const BodySchema& ScoreBody();

// For /openapi.json: these and the bodies of answers.
std::vector<NamedSchema> Schemas();

}  // namespace pano::api::openai
