#include "model/kernels/packed_matmul/tiles.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "model/kernels/packed_matmul/generic.h"

namespace pano::kernels {
namespace {

// With the plain unit and plain lanes: how groups, zeros and edges are cut is tested everywhere.
template <bool kBlockScales>
void ExpectThePlainLoops(size_t m, size_t n, size_t k) {
  SCOPED_TRACE(StrCat("m ", m, " n ", n, " k ", k, " block scales ", kBlockScales));
  const auto type = kBlockScales ? tensor::DType::kQ8_0X16 : tensor::DType::kW8X16;
  Random random(m + n + k);
  std::vector<float> weights(n * k), x(m * k), bias(n);
  for (std::vector<float>* v : {&weights, &x, &bias}) {
    for (float& value : *v) value = static_cast<float>(random.Normal());
  }
  const tensor::Shape shape = {static_cast<int64_t>(n), static_cast<int64_t>(k)};
  const tensor::TensorView plain{tensor::DType::kF32, shape,
                                 reinterpret_cast<const std::byte*>(weights.data()), n * k * 4};
  std::vector<std::byte> packed(*tensor::ByteSize(type, shape));
  const size_t panel = tensor::PanelBytes(type, k);
  for (size_t i = 0; i < packed.size() / panel; ++i) {
    tensor::PackPanel(plain, type, i, packed.data() + i * panel);
  }
  const tensor::TensorView view{type, shape, packed.data(), packed.size()};
  std::vector<uint8_t> codes(m * k);
  std::vector<float> scales(m * k / 32);
  QuantiseGeneric<ActivationCode::kUint7>({x.data(), k, codes.data(), scales.data(), nullptr}, 0,
                                          m);
  std::vector<float> got(m * n), want(m * n);
  std::vector<std::byte> scratch(PackedScratchBytes(k));
  PackedMatMulArgs args{
      &view, {codes.data(), scales.data(), nullptr}, nullptr, bias.data(), nullptr, m, n, k};
  args.y = got.data();
  TileMatMul<TilesGeneric, kBlockScales>(args, 0, (n + 15) / 16, scratch.data());
  args.y = want.data();
  PackedMatMulGeneric<PlainAdd>(args, 0, (n + 15) / 16, nullptr);
  EXPECT_EQ(got, want);
}

TEST(Tiles, EqualThePlainLoops) {
  for (size_t m : {1, 15, 16, 17, 47, 48, 49, 100}) {
    for (size_t n : {1, 16, 33}) {
      for (size_t k : {32, 160}) {
        ExpectThePlainLoops<true>(m, n, k);
        ExpectThePlainLoops<false>(m, n, k);
      }
    }
  }
}

}  // namespace
}  // namespace pano::kernels
