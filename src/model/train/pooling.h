#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "model/nn/encoder/encoder_config.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// One vector a text out of hidden [B, T, size]: [B, size]; all of them for Pooling::kNone.
// `end_token`: as EncoderConfig::end_token.
at::Tensor Pool(encoder::Pooling pooling, const TextBatch& batch,
                const std::optional<int32_t>& end_token, const at::Tensor& hidden);

}  // namespace pano::train
