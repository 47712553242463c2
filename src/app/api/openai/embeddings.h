#pragma once

#include <string>
#include <vector>

#include "app/api/context.h"

namespace pano::api::openai {

// Base64 (RFC 4648, padded) of the numbers as little-endian float32.
std::string FloatsBase64(const std::vector<float>& numbers);

// POST /v1/embeddings.
void Embeddings(Context& context, CallPtr call);

}  // namespace pano::api::openai
