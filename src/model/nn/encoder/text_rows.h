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
  std::vector<int32_t> types;          // empty where the model has none
  std::vector<int32_t> positions;      // rows of the position embedding
  std::vector<int64_t> indices;        // of each row in its text
  std::vector<size_t> lengths;         // ids of each text, those left out included
  std::vector<int64_t> ends;           // the row, within its text, of the end token; -1: left out
  std::vector<bool> first_kept;        // whether the first id of each text is a row
};

// InvalidArgument for ids or types outside the model's, rows that are empty, too long or wholly masked.
Result<PackedText> PackTexts(std::span<const TextRow> texts, const TextInput& input,
                             const EncoderConfig& config);

// x [rows, hidden]: the embeddings, before their norm.
void EmbedText(const PackedText& text, Tower& tower, std::vector<float>& x);

}  // namespace pano::encoder
