#pragma once

#include "base/status.h"
#include "model/nn/fwd.h"
#include "model/nn/weights/decoder_weights.h"

namespace pano::nn {

// Leaves one rank's part of a decoder (Shoeybi et al., "Megatron-LM", 2019): its attention heads and
// its part of the inner size of each feed-forward block and expert, as the inventory's shard axes
// say (tensor_inventory.h). What takes the residual stream in is cut by outputs, what gives it back
// by inputs, and summed over the ranks; embeddings, norms, routers, latent attention's
// down-projections and the head are whole on every rank. Cut by outputs weights stay where they
// are, by inputs they are copied.
//
// To be called before weights are packed. `config` then describes the part: heads and inner sizes
// are the rank's. InvalidArgument names what does not divide, Unimplemented what cannot be cut
// where it would have to be; both are then undefined. REQUIRES: 0 <= rank < ranks.
Status KeepRank(int rank, int ranks, ModelConfig& config, DecoderWeights& weights);

}  // namespace pano::nn
