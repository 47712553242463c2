#pragma once

#include <vector>

#include "model/nn/encoder/encoder_config.h"
#include "model/nn/encoder/text_rows.h"
#include "model/nn/encoder/tower.h"
#include "model/nn/weights/weight_binder.h"

namespace pano::encoder {

struct StageWeights {
  nn::Linear dense;
  nn::NormWeights norm;
};

// A head with what it multiplies by.
struct Head {
  HeadConfig config;
  std::vector<StageWeights> stages;  // one a stage
  int64_t size = 0;                  // components of a row after it
};

// `tower` says the size of the rows that come in, `weights` has the word embeddings.
Head BindHead(nn::WeightBinder& bind, const HeadConfig& config, const nn::ModelConfig& tower,
              const nn::DecoderWeights& weights);

// Rows of one stack and, of texts, where they came from.
struct TowerRows {
  const float* x = nullptr;  // [rows, hidden]
  const PackedRows* rows = nullptr;
  const PackedText* text = nullptr;  // null for images
};

// The head's answer for every input.
Result<Output> RunHead(const Head& head, const TowerRows& rows, Tower& tower);

}  // namespace pano::encoder
