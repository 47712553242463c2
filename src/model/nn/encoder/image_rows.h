#pragma once

#include <span>
#include <vector>

#include "model/nn/encoder/encoder_config.h"
#include "model/nn/encoder/tower.h"
#include "model/nn/weights/weight_binder.h"

namespace pano::encoder {

struct PatchWeights {
  nn::Linear matrix;             // [hidden, channels * patch * patch]
  std::vector<float> first;      // [hidden]
  std::vector<float> positions;  // [1 + patches, hidden]
};

PatchWeights BindPatches(nn::WeightBinder& bind, const PatchConfig& config, int64_t hidden);

// InvalidArgument for an image of another size or a pixel that is no finite number.
Status CheckImages(std::span<const std::vector<float>> images, const ImageInput& input);

// x: for each image the vector in front and one a patch, with their positions, before the norm.
Result<PackedRows> EmbedImages(std::span<const std::vector<float>> images,
                               const PatchConfig& config, const PatchWeights& weights,
                               Tower& tower, std::vector<float>& x);

}  // namespace pano::encoder
