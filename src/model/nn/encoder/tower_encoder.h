#pragma once

#include <memory>
#include <vector>

#include "model/nn/encoder/encoder.h"
#include "model/nn/encoder/head.h"
#include "model/nn/encoder/image_rows.h"
#include "model/nn/encoder/text_rows.h"

namespace pano::encoder {

// Everything that one encoder computes with. Keeps the mapped files alive.
struct EncoderParts {
  EncoderConfig config;
  EncoderInfo info;
  std::unique_ptr<Tower> text, image, decoder;
  PatchWeights patches;
  std::vector<Head> heads;
  float logit_scale = 0.0f;  // of image times text; 0: none
  std::vector<std::shared_ptr<const format::Weights>> files;
  nn::OwnedMatrices owned;
};

// Stacks, and heads on what they give. Confined to one thread at a time.
class TowerEncoder final : public Encoder {
 public:
  explicit TowerEncoder(EncoderParts parts) : parts_(std::move(parts)) {}

  const EncoderInfo& info() const override { return parts_.info; }
  Result<std::vector<Output>> Encode(const EncoderBatch& batch) override;

  const TowerEncoder* AsTowers() const override { return this; }
  // Adapters change models of one stack, over texts.
  bool adaptable() const { return parts_.text && !parts_.image && !parts_.decoder; }
  // Null without a stack over texts.
  const nn::ModelConfig* text_config() const {
    return parts_.text ? &parts_.text->config() : nullptr;
  }
  const nn::DecoderWeights* text_weights() const {
    return parts_.text ? &parts_.text->weights() : nullptr;
  }
  const std::vector<Head>& heads() const { return parts_.heads; }
  ComputePool& pool() const;

 private:
  // What the stacks gave for a batch.
  struct Pass {
    PackedText text, decoder;
    PackedRows image;
    std::vector<float> text_x, image_x, decoder_x;
    // Of the rows of the texts, and of the texts themselves.
    std::vector<ops::AdapterRun> row_adapters, text_adapters;

    // Activations keep their memory.
    void Clear() {
      text = decoder = {};
      image = {};
      row_adapters.clear();
      text_adapters.clear();
    }
  };
  static void ListAdapters(const EncoderBatch& batch, Pass& pass);
  Status CheckInputs(const EncoderBatch& batch) const;
  Status RunTowers(const EncoderBatch& batch, Pass& pass);
  Result<std::vector<Output>> RunHeads(const EncoderBatch& batch, const Pass& pass);
  Output Compare(const Output& images, const Output& texts) const;

  EncoderParts parts_;
  Pass pass_;  // of the call at hand
};

}  // namespace pano::encoder
