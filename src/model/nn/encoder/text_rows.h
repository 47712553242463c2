#pragma once

#include <span>
#include <vector>

#include "model/nn/encoder/encoder_config.h"
#include "model/nn/encoder/tower.h"

namespace pano::encoder {

// Texts without what their masks leave out.
struct PackedText {
  PackedRows rows;
  std::vector<nn::TokenId> ids;
  std::vector<int32_t> types;      // empty where the model has none
  std::vector<int32_t> positions;  // rows of the position embedding
  std::vector<size_t> lengths;     // ids of each text, those left out included
  std::vector<size_t> pooled;      // the row, within its text, of EncoderConfig::text_pooling
};

// InvalidArgument for ids or types outside the model's, rows that are empty, too long or wholly
// masked, or whose row to be pooled is left out and would see nothing.
Result<PackedText> PackTexts(std::span<const TextRow> texts, const TextInput& input,
                             const EncoderConfig& config);

// x [rows, hidden]: the embeddings, before their norm.
void EmbedText(const PackedText& text, Tower& tower, std::vector<float>& x);

}  // namespace pano::encoder
