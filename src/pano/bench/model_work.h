#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "model/format/fwd.h"
#include "model/kernels/limits/limits.h"
#include "pano/bench/tensor_list.h"

namespace pano::bench {

// What one token costs, whatever computes it.
struct ModelWork {
  int64_t parameters = 0;
  // Multiply-adds, counted two, with the layers' matrices: what a token of a prompt needs. The head
  // and attention itself are left out.
  double matrix_ops_per_token = 0;
  // Bytes of weights that one token is multiplied with: what a token that is generated alone reads
  // at least. Of an embedding that is not the head, and of positions, one row each.
  double weight_bytes_per_token = 0;
  double weight_bytes = 0;  // of all
};

// Of the tensors as `files.weights` has them.
Result<ModelWork> WorkOf(const format::ModelFiles& files);
// The same from a list; Corruption when a tensor is missing.
Result<ModelWork> WorkOf(const std::vector<ModelTensor>& tensors, const format::Weights& weights);

// Shares of what the machine can do; 0 where that was not measured.
double Int8PeakShare(const ModelWork& work, double tokens_per_second,
                     const kernels::MachineLimits& limits);
double F32PeakShare(const ModelWork& work, double tokens_per_second,
                    const kernels::MachineLimits& limits);
double TileInt8PeakShare(const ModelWork& work, double tokens_per_second,
                         const kernels::MachineLimits& limits);
double TileBF16PeakShare(const ModelWork& work, double tokens_per_second,
                         const kernels::MachineLimits& limits);
double BandwidthShare(const ModelWork& work, double tokens_per_second,
                      const kernels::MachineLimits& limits);

}  // namespace pano::bench
