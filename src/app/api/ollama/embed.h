#pragma once

#include <cstddef>
#include <vector>

#include "app/api/context.h"

namespace pano::api::ollama {

// The first `size` numbers, scaled to the length 1; all zeros stay so. REQUIRES: size <= row.size().
std::vector<float> Normalized(std::vector<float> row, size_t size);

// POST /api/embed: texts to embeddings of the length 1.
void Embed(Context& context, CallPtr call);
// POST /api/embeddings, the older one: one text to its embedding as the model gives it.
void Embeddings(Context& context, CallPtr call);

}  // namespace pano::api::ollama
