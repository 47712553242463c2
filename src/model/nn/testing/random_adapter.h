#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "model/nn/bound_adapter.h"
#include "model/nn/decoder.h"

namespace pano::nn::testing {

// A pair of random matrices for one layer, F32. `scale`: about how much larger than a unit row the
// layer's change is.
inline ops::LowRank DrawLowRank(size_t in, size_t out, size_t rank, uint64_t seed, float scale) {
  Random random(seed);
  std::vector<float> a(rank * in), b(out * rank);
  for (float& v : a) v = static_cast<float>(random.Normal() / std::sqrt(static_cast<double>(in)));
  for (float& v : b) v = static_cast<float>(random.Normal() / std::sqrt(static_cast<double>(rank)));
  auto view = [](const std::vector<float>& values, size_t rows, size_t columns) {
    return tensor::TensorView{tensor::DType::kF32,
                              {static_cast<int64_t>(rows), static_cast<int64_t>(columns)},
                              reinterpret_cast<const std::byte*>(values.data()),
                              values.size() * sizeof(float)};
  };
  return ops::LowRank::Copy(view(a, rank, in), view(b, out, rank), scale);
}

// Random pairs for every linear layer of the decoder, and a bias here and there. The same seed, the
// same adapter.
inline std::unique_ptr<BoundAdapter> DrawAdapter(const Decoder& decoder, size_t rank,
                                                 uint64_t seed, float scale = 0.5f) {
  auto adapter = std::make_unique<BoundAdapter>();
  uint64_t at = seed * 1000;
  auto draw = [&](const ops::Linear& linear) {
    if (!linear.present()) return;
    ops::LinearChange& change = adapter->weights.Change(linear);
    change.low_rank = DrawLowRank(linear.in(), linear.out(), rank, ++at, scale);
    if (at % 3 == 0) change.bias_change.assign(linear.out(), 0.125f);
  };
  const DecoderWeights& weights = decoder.weights();
  for (const LayerWeights& w : weights.layers) {
    for (const ops::Linear* linear : {&w.q, &w.k, &w.v, &w.o, &w.gate, &w.up, &w.down,
                                      &w.experts.router, &w.experts.shared_gate,
                                      &w.experts.shared_up, &w.experts.shared_down}) {
      draw(*linear);
    }
    for (const auto* many : {&w.experts.gate, &w.experts.up, &w.experts.down}) {
      for (const ops::Linear& linear : *many) draw(linear);
    }
  }
  draw(weights.head);
  return adapter;
}

}  // namespace pano::nn::testing
