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

struct EncoderOptions {
  std::vector<size_t> batches = {};
  int64_t tokens = 128;
  int64_t repetitions = 3;
  double seconds = 0.5;  // of a repetition: a batch of a small model takes milliseconds
  uint64_t seed = 1;     // of the ids
};

// Times whole batches of equal sequences. InvalidArgument for a model that takes something else
// than one text, Internal when equal sequences give different answers, or others than alone.
Result<std::vector<EncoderRow>> MeasureEncoder(encoder::Encoder& model,
                                               const EncoderOptions& options,
                                               const OnProgress& progress);

}  // namespace pano::bench
