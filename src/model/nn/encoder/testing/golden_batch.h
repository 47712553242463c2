#pragma once

#include <cstdint>
#include <vector>

#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"

namespace pano::encoder::testing {

inline std::vector<int64_t> RowOf(const tensor::TensorView& view, int64_t row) {
  const int64_t count = view.shape.back();
  const int64_t* from = view.as<int64_t>() + row * count;
  return {from, from + count};
}

template <typename T>
std::vector<T> CastTo(const std::vector<int64_t>& values) {
  std::vector<T> out;
  for (int64_t value : values) out.push_back(static_cast<T>(value));
  return out;
}

// The inputs that known answers belong to. `drawn`: those that the file leaves out because they are
// drawn from a seed; may be null.
inline EncoderBatch ReadBatch(const format::Weights& file, const format::Weights* drawn) {
  EncoderBatch batch;
  const tensor::TensorView* ids = file.Find("input_ids");
  const tensor::TensorView* mask = file.Find("attention_mask");
  const tensor::TensorView* types = file.Find("token_type_ids");
  const tensor::TensorView* pixels = file.Find("pixel_values");
  if (!pixels && drawn) pixels = drawn->Find("pixel_values");
  const tensor::TensorView* decoder = file.Find("decoder_input_ids");
  for (int64_t i = 0; ids && i < ids->shape[0]; ++i) {
    TextRow& row = batch.texts.emplace_back();
    row.ids = CastTo<nn::TokenId>(RowOf(*ids, i));
    if (mask) row.mask = CastTo<uint8_t>(RowOf(*mask, i));
    if (types) row.types = CastTo<int32_t>(RowOf(*types, i));
    if (decoder) batch.decoder_ids.push_back(CastTo<nn::TokenId>(RowOf(*decoder, i)));
  }
  for (int64_t i = 0; pixels && i < pixels->shape[0]; ++i) {
    const int64_t count = pixels->elements() / pixels->shape[0];
    const float* from = pixels->as<float>() + i * count;
    batch.images.emplace_back(from, from + count);
  }
  return batch;
}

}  // namespace pano::encoder::testing
