#pragma once

// All kernels over the Lanes of one instruction set, for the file of that set, which includes its
// simd/lanes_*.h first. Anonymous namespace: no symbol may stand in for one of another set.
#include "model/kernels/activation/generic.h"
#include "model/kernels/attention/generic.h"
#include "model/kernels/isa.h"
#include "model/kernels/limits/generic.h"
#include "model/kernels/matmul/generic.h"
#include "model/kernels/norm/generic.h"
#include "model/kernels/packed_matmul/floats.h"

namespace pano::kernels {
namespace {

// What a set brings of its own for packed matrices.
struct IntegerProducts {
  QuantiseFn quantise[2];  // by ActivationCode
  uint8_t seven_zero;
  PackedMatMulFn (*matmul)(tensor::DType packed);
};

constexpr Isa Instantiate(const char* name, CpuMask needs, const IntegerProducts& integers) {
  return {name,
          needs,
          MatMulFor,
          kAttentionKernels,
          RmsNorm,
          LayerNorm,
          ActivationFor,
          FloatPeak,
          Int8Peak,
          {{integers.quantise[0], integers.quantise[1]},
           integers.seven_zero,
           integers.matmul,
           PackedFloatsFor}};
}

}  // namespace
}  // namespace pano::kernels
