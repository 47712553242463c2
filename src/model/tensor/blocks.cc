#include "model/tensor/blocks.h"

#include <iterator>

#include "model/tensor/block_bytes.h"
#include "model/tensor/blocks_iq.h"
#include "model/tensor/blocks_k.h"
#include "model/tensor/blocks_legacy.h"
#include "model/tensor/blocks_mx.h"
#include "model/tensor/blocks_ternary.h"

namespace pano::tensor {
namespace {

void DecodeF32(const uint8_t* stored, float* out) { std::memcpy(out, stored, sizeof *out); }
void EncodeF32(const float* value, uint8_t* out) { std::memcpy(out, value, sizeof *value); }

void DecodeF16(const uint8_t* stored, float* out) { *out = LoadHalf(stored); }
void EncodeF16(const float* value, uint8_t* out) { StoreHalf(*value, out); }

void DecodeBF16(const uint8_t* stored, float* out) { *out = BFloatToFloat(Load16(stored)); }
void EncodeBF16(const float* value, uint8_t* out) {
  const uint16_t bits = FloatToBFloat(*value);
  std::memcpy(out, &bits, sizeof bits);
}

void DecodeF64(const uint8_t* stored, float* out) {
  double value = 0;
  std::memcpy(&value, stored, sizeof value);
  *out = static_cast<float>(value);
}

struct Codec {
  DecodeFn decode = nullptr;
  EncodeFn encode = nullptr;
};

// In the order of DType.
#define PANO_READ(type, bytes, elements) {DecodeBlocks<Decode##type, bytes, elements>, nullptr}
#define PANO_BOTH(type, bytes, elements) \
  {DecodeBlocks<Decode##type, bytes, elements>, EncodeBlocks<Encode##type, bytes, elements>}
constexpr Codec kCodecs[] = {
    PANO_BOTH(F32, 4, 1),         PANO_BOTH(F16, 2, 1),
    PANO_BOTH(BF16, 2, 1),        PANO_READ(F64, 8, 1),
    {}, {}, {}, {}, {}, {}, {}, {}, {},
    PANO_BOTH(Q4_0, 18, 32),      PANO_BOTH(Q4_1, 20, 32),
    PANO_BOTH(Q5_0, 22, 32),      PANO_BOTH(Q5_1, 24, 32),
    PANO_BOTH(Q8_0, 34, 32),      PANO_READ(Q2_K, 84, 256),
    PANO_READ(Q3_K, 110, 256),    PANO_BOTH(Q4_K, 144, 256),
    PANO_READ(Q5_K, 176, 256),    PANO_READ(Q6_K, 210, 256),
    PANO_READ(IQ1_S, 50, 256),    PANO_READ(IQ1_M, 56, 256),
    PANO_READ(IQ2_XXS, 66, 256),  PANO_READ(IQ2_XS, 74, 256),
    PANO_READ(IQ2_S, 82, 256),    PANO_READ(IQ3_XXS, 98, 256),
    PANO_READ(IQ3_S, 110, 256),   PANO_READ(IQ4_NL, 18, 32),
    PANO_READ(IQ4_XS, 136, 256),  PANO_BOTH(TQ1_0, 54, 256),
    PANO_BOTH(TQ2_0, 66, 256),    PANO_BOTH(MXFP4, 17, 32),
    PANO_READ(NVFP4, 36, 64),
    {}, {}, {}, {}, {}, {}, {}, {}, {},  // packed matrices have no rows: packed.h
};
#undef PANO_READ
#undef PANO_BOTH
static_assert(std::size(kCodecs) == kDTypeCount);

}  // namespace

DecodeFn DecoderOf(DType dtype) { return kCodecs[static_cast<size_t>(dtype)].decode; }
EncodeFn EncoderOf(DType dtype) { return kCodecs[static_cast<size_t>(dtype)].encode; }

}  // namespace pano::tensor
