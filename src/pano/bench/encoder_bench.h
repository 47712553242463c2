#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "model/nn/encoder/encoder.h"
#include "pano/bench/decoder_bench.h"
#include "pano/bench/rate.h"

namespace pano::bench {

struct EncoderRow {
  size_t batch = 0;
  int64_t tokens = 0;  // of each sequence
  Rate sequences_per_second;
};

// Times whole batches of equal sequences of `tokens` ids. InvalidArgument for a model that takes
// something else than one text, Internal when equal sequences give different answers, or others
// than alone.
Result<std::vector<EncoderRow>> MeasureEncoder(encoder::Encoder& model,
                                               const std::vector<size_t>& batches, int64_t tokens,
                                               int64_t repetitions, uint64_t seed,
                                               const OnProgress& progress);

}  // namespace pano::bench
