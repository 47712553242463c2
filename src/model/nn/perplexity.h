#pragma once

#include <functional>
#include <span>

#include "base/result.h"
#include "model/nn/fwd.h"

namespace pano::nn {

struct Perplexity {
  double nll = 0;        // sum of -ln p over the scored tokens, nats
  int64_t tokens = 0;    // scored
  double value() const;  // exp(nll / tokens)
};

// Runs `ids` through windows that begin at 0, stride, 2 * stride, ... and end at most `context`
// later; the last is the first to reach the end. A window scores the tokens after the previous
// window's end (the first: all but its first token); positions restart in each. `progress` (may be
// empty) is told the share done. `adapter` (may be null) belongs to the model. InvalidArgument
// unless there are two ids and 0 < stride <= context.
Result<Perplexity> MeasurePerplexity(Model& model, std::span<const TokenId> ids, int64_t context,
                                     int64_t stride,
                                     const std::function<void(double share)>& progress = {},
                                     const BoundAdapter* adapter = nullptr);

// Two models over the same windows.
struct Divergence {
  Perplexity reference, model;
  double kl = 0;  // sum over the scored tokens of KL(reference || model), nats
  double mean_kl() const { return kl / static_cast<double>(model.tokens); }
};

// As MeasurePerplexity, of both models at once; the adapter is `model`'s. InvalidArgument also where
// their vocabularies differ in size.
Result<Divergence> MeasureDivergence(Model& reference, Model& model, std::span<const TokenId> ids,
                                     int64_t context, int64_t stride,
                                     const std::function<void(double share)>& progress = {},
                                     const BoundAdapter* adapter = nullptr);

}  // namespace pano::nn
