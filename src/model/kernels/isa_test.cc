#include "model/kernels/isa.h"

#include <set>
#include <string>

#include "model/kernels/testing/isa_test.h"
#include "model/tensor/packed.h"

namespace pano::kernels {
namespace {

using IsaListTest = IsaTest;

TEST_P(IsaListTest, HasEveryKernel) {
  const Isa& isa = *GetParam();
  EXPECT_EQ(&SelectIsa(isa.needs), &isa);
  for (const auto& fn : isa.attention.attention) EXPECT_NE(fn, nullptr);
  for (const auto& fn : isa.attention.store) EXPECT_NE(fn, nullptr);
  EXPECT_NE(isa.rms_norm, nullptr);
  EXPECT_NE(isa.layer_norm, nullptr);
  EXPECT_NE(isa.float_peak, nullptr);
  EXPECT_NE(isa.int8_peak, nullptr);
  for (size_t code : {0, 1, 2}) EXPECT_NE(isa.packed.quantise[code], nullptr);
  EXPECT_EQ(isa.packed.takes_tiles(tensor::DType::kBF16X16), isa.packed.quantise[3] != nullptr);
  for (Activation activation : {Activation::kSilu, Activation::kGelu, Activation::kGeluTanh,
                                Activation::kQuickGelu, Activation::kRelu}) {
    EXPECT_NE(isa.activation(activation).plain, nullptr);
    EXPECT_NE(isa.activation(activation).gated, nullptr);
  }
  for (size_t i = 0; i < tensor::kDTypeCount; ++i) {
    const auto type = static_cast<tensor::DType>(i);
    if (tensor::IsPacked(type)) {
      EXPECT_NE(isa.packed.matmul(type), nullptr) << tensor::Describe(type).name;
    }
  }
  for (auto type :
       {tensor::DType::kF32, tensor::DType::kF16, tensor::DType::kBF16, tensor::DType::kQ8_0}) {
    EXPECT_NE(isa.matmul(type), nullptr) << tensor::Describe(type).name;
  }
  for (auto type : {tensor::DType::kF32, tensor::DType::kF16, tensor::DType::kBF16}) {
    EXPECT_NE(isa.low_rank.down(type), nullptr) << tensor::Describe(type).name;
    EXPECT_NE(isa.low_rank.up(type), nullptr) << tensor::Describe(type).name;
  }
}
PANO_FOR_EVERY_ISA(IsaListTest);

// Each set has a name of its own, by which PANO_CPU asks for it.
TEST(IsaList, NamesAreLevels) {
  std::set<std::string> names;
  for (const Isa* isa : AllIsas()) {
    EXPECT_TRUE(names.insert(isa->name).second) << isa->name;
    bool level = false;
    for (const CpuLevel& one : CpuLevels()) level = level || one.name == isa->name;
    EXPECT_TRUE(level) << isa->name;
  }
  EXPECT_EQ(names.size(), CpuLevels().size());
  EXPECT_STREQ(AllIsas().back()->name, "generic");
  EXPECT_EQ(WhyNotHere(*AllIsas().back()), "");
}

}  // namespace
}  // namespace pano::kernels
