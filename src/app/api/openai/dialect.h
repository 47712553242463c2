#pragma once

#include "app/api/dialect.h"

namespace pano::api::openai {

// OpenAI's protocol: chat and text completions, embeddings, the list of models.
Dialect MakeDialect();

}  // namespace pano::api::openai
