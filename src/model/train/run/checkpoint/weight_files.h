#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/train/run/checkpoint/contents.h"

namespace pano::train {

// The files of a Hugging Face folder's weights: model.safetensors, or, where they are more than
// `shard_bytes_max`, model-00001-of-0000N.safetensors with model.safetensors.index.json. Tensors
// keep their order; one that is larger than a shard has a shard of its own. Borrows their bytes.
std::vector<CheckpointFile> WeightFiles(std::vector<StateTensor> tensors,
                                        uint64_t shard_bytes_max = uint64_t{5} << 30);

}  // namespace pano::train
