#pragma once

// All kernels over the Lanes of one instruction set, for the file of that set, which includes its
// simd/lanes_*.h first. Anonymous namespace: no symbol may stand in for one of another set.
#include "model/kernels/activation/generic.h"
#include "model/kernels/attention/generic.h"
#include "model/kernels/isa.h"
#include "model/kernels/limits/generic.h"
#include "model/kernels/low_rank/generic.h"
#include "model/kernels/matmul/generic.h"
#include "model/kernels/norm/generic.h"
#include "model/kernels/packed_matmul/floats.h"
#include "model/kernels/training/generic.h"

namespace pano::kernels {
namespace {

// A set brings its own products of integers.
constexpr Isa Instantiate(const char* name, CpuMask needs, PackedKernels packed) {
  packed.floats = PackedFloatsFor;
  return {name,      needs,         MatMulFor, kAttentionKernels, RmsNorm,
          LayerNorm, ActivationFor, FloatPeak, Int8Peak,          packed, kLowRankKernels, kTrainingKernels};
}

}  // namespace
}  // namespace pano::kernels
