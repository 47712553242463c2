#pragma once

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "model/kernels/isa.h"
#include "model/tensor/tensor.h"

namespace pano::kernels {

// Tests of kernels run once for each instruction set of kernels.inc: a set that is added there is
// tested by every suite, and one that the machine lacks is shown as skipped, by name.

// Why a set cannot run here; "" where it can.
inline std::string WhyNotHere(const Isa& isa) {
  if (isa.needs == ~CpuMask{0}) {
    return std::string("instruction set ") + isa.name + ": of another kind of processor";
  }
  if ((isa.needs & MachineCpuMask()) == isa.needs) return "";
  return std::string("instruction set ") + isa.name + ": this machine lacks it";
}

// A suite with an instruction set as its parameter, or with an element type and one. Confined to
// the thread of the test.
class IsaTest : public ::testing::TestWithParam<const Isa*> {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNotHere(*GetParam()); !why.empty()) GTEST_SKIP() << why;
  }
  CpuMask mask() const { return GetParam()->needs; }
};

// The same with an element type beside the set. Confined to the thread of the test.
class TypeIsaTest : public ::testing::TestWithParam<std::tuple<tensor::DType, const Isa*>> {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNotHere(*std::get<1>(GetParam())); !why.empty()) {
      GTEST_SKIP() << why;
    }
  }
  tensor::DType type() const { return std::get<0>(GetParam()); }
  CpuMask mask() const { return std::get<1>(GetParam())->needs; }
};

}  // namespace pano::kernels

// Cases of suites: Isa/Suite.Test/avx512, and Isa/Suite.Test/Q8_0_avx512.
#define PANO_FOR_EVERY_ISA(suite)                                      \
  INSTANTIATE_TEST_SUITE_P(Isa, suite, ::testing::ValuesIn(AllIsas()), \
                           [](const auto& one) { return std::string(one.param->name); })
#define PANO_FOR_EVERY_TYPE_AND_ISA(suite, types)                                                 \
  INSTANTIATE_TEST_SUITE_P(Isa, suite, ::testing::Combine(types, ::testing::ValuesIn(AllIsas())), \
                           [](const auto& one) {                                                  \
                             return std::string(tensor::Describe(std::get<0>(one.param)).name) +  \
                                    "_" + std::get<1>(one.param)->name;                           \
                           })
