#pragma once

#include <cstdint>
#include <span>

#include "model/nn/fwd.h"
#include "model/nn/reference/formulas.h"

namespace pano::reference {

// What tells an attention layer where its tokens stand.

// Radians per position of each rotary pair, in a sequence of `length` tokens. `divisors` (one a
// pair, or empty) divide the plain frequencies.
Vector RopeFrequencies(const nn::RopeConfig& rope, std::span<const double> divisors,
                       int64_t length);

// Turns one head's vector, in place, as a token at `position` is turned: each pair (a, b) becomes
// (a cos - b sin, a sin + b cos).
void Rotate(const nn::RopeConfig& rope, std::span<const double> frequencies, int64_t position,
            std::span<double> head);

// The factor of ALiBi's bias (Press et al., 2021) for each of `heads`.
Vector AlibiSlopes(size_t heads);
// What ALiBi adds to the scores of a key at `position`. The published weights were made with
// products in bfloat16, so the roundings belong to the definition.
double AlibiBias(double slope, int64_t position, int64_t head_dim);

// The bucket of a key that stands `distance` after its query (Raffel et al., 2020). In float32, as
// the original does it: on the edge of a bucket its rounding decides.
int64_t RelativeBucket(int64_t distance, int64_t buckets, int64_t farthest, bool causal);

}  // namespace pano::reference
