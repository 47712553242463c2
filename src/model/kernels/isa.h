#pragma once

#include <span>

#include "model/kernels/activation/activation.h"
#include "model/kernels/attention/attention.h"
#include "model/kernels/cpu.h"
#include "model/kernels/limits/limits.h"
#include "model/kernels/low_rank/low_rank.h"
#include "model/kernels/matmul/matmul.h"
#include "model/kernels/norm/norm.h"
#include "model/kernels/packed_matmul/packed_matmul.h"
#include "model/kernels/training/training.h"

namespace pano::kernels {

// One instruction set's kernels. Each lives in files of its own that alone get the compiler flags.
struct Isa {
  const char* name;
  CpuMask needs;
  MatMulFn (*matmul)(tensor::DType);
  AttentionKernels attention;
  NormFn rms_norm;
  NormFn layer_norm;
  ActivationFns (*activation)(Activation);
  FloatPeakFn float_peak;
  Int8PeakFn int8_peak;
  PackedKernels packed;
  LowRankKernels low_rank = {};
  TrainingKernels training = {};
  TilePeakFn tile_int8_peak = nullptr, tile_bfloat_peak = nullptr;  // null without a tile unit
};

// The twin of a set that this build does not target: never selected.
constexpr Isa AbsentIsa(const char* name) {
  return {name, ~CpuMask{0}, nullptr, {}, nullptr, nullptr, nullptr, nullptr, nullptr, {}};
}

// All that were compiled in, best first; the last needs nothing.
// The list stands once, in kernels.inc.
#define PANO_ISA(isa) extern const Isa kIsa_##isa;
#include "model/kernels/kernels.inc"
#undef PANO_ISA

// The same in a row.
std::span<const Isa* const> AllIsas();

// The first whose needs `mask` meets.
const Isa& SelectIsa(CpuMask mask = ActiveCpuMask());

}  // namespace pano::kernels
