#pragma once

#include <functional>

#include "base/fwd.h"
#include "base/result.h"
#include "model/nn/weights/decoder_weights.h"

namespace pano::nn {

// Called with the share of the work that is done, in (0, 1], now and then.
using PackProgress = std::function<void(double)>;

// The type that the fast products read a matrix of `dtype` in: the packed form of the same values
// for F32, F16, BF16, Q8_0, Q4_0, Q4_K and Q6_K; Q8_0X16 for every other block type, whose values
// are rounded to it; `dtype` itself for other plain types, packed types, and matrices whose rows
// are no whole blocks.
tensor::DType FastType(tensor::DType dtype, int64_t columns);

// Lays every matrix of linear layers out for the fast products, on all threads of the pool, and
// lets `weights` look at the copies. A head that is the embedding stays one matrix with it.
// Memory of `files`, where there are any, is given back as it is copied. Exhausted when there is no
// memory for the copies. Returns their bytes.
Result<size_t> PackWeights(DecoderWeights& weights, const format::Weights* files, ComputePool& pool,
                           const PackProgress& progress = {});

}  // namespace pano::nn
