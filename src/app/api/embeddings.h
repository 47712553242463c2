#pragma once

#include <string>
#include <vector>

#include "app/api/call.h"
#include "model/nn/encoder/encoder.h"

namespace pano::api {

struct Context;

// The output that is a text's embedding; null when the model makes none.
const encoder::OutputInfo* EmbeddingOutput(const encoder::EncoderInfo& info);

// Base64 (RFC 4648, padded) of the numbers as little-endian float32.
std::string FloatsBase64(const std::vector<float>& numbers);

// POST /v1/embeddings.
void Embeddings(Context& context, CallPtr call);

}  // namespace pano::api
