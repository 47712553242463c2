#pragma once

#include "app/api/dialect.h"

namespace pano::api::ollama {

// Ollama's protocol: chat, generate, embeddings, the list of models.
Dialect MakeDialect();

}  // namespace pano::api::ollama
