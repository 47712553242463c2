#pragma once

#include <cstdint>
#include <vector>

#include "base/fwd.h"
#include "base/result.h"
#include "model/nn/model.h"
#include "model/tensor/tensor.h"
#include "pano/bench/decoder_bench.h"
#include "pano/bench/rate.h"

namespace pano::bench {

struct AdapterOptions {
  size_t adapters = 0;  // that the sequences of a batch have in turn; 0: this is not measured
  int64_t rank = 16;
  bool all_layers = true;  // pairs for every matrix of the layers; else for queries and values
  tensor::DType type = tensor::DType::kF32;
  std::vector<size_t> batches = {};
  int64_t prompt = 128, generated = 64;  // of each sequence
  int64_t repetitions = 3;
  uint64_t seed = 1;
};

// Sequences decoded together, without adapters and with, in turn.
struct AdapterRow {
  size_t batch = 0;
  size_t adapters = 0;
  int64_t rank = 0;
  double megabytes = 0;              // of one adapter
  Rate base, adapted;                // tokens a second, of all sequences together
  double slower = 0;                 // median over the repetitions of base / adapted - 1
};

// Times random adapters over the model. Internal when the answers are wrong: sequences that differ
// though they and their adapters are equal, or that go on otherwise than alone. InvalidArgument for a
// model that takes no adapters or whose context is too short.
Result<std::vector<AdapterRow>> MeasureAdapters(nn::Model& model, ComputePool& pool,
                                                const AdapterOptions& options,
                                                const OnProgress& progress);

}  // namespace pano::bench
