#pragma once

#include "model/nn/weights/decoder_weights.h"
#include "model/nn/weights/tensor_inventory.h"

namespace pano::nn {

// Where bound weights keep what the inventory lists. Null for entries of another kind, and for
// latent attention's up-projection, which is kept a head at a time (LatentWeights::key_up,
// value_up). REQUIRES: an entry of the configuration that the weights were made for; experts and
// layers must exist. `latent`: whether the model has latent attention, whose queries have a place of
// their own.
ops::Linear* LinearSlot(DecoderWeights& weights, const TensorEntry& entry, bool latent);
ops::NormWeights* NormSlot(DecoderWeights& weights, const TensorEntry& entry);
tensor::TensorView* TableSlot(DecoderWeights& weights, const TensorEntry& entry);

}  // namespace pano::nn
