#pragma once

#include <memory>
#include <string>

#include "app/models/load_settings.h"
#include "app/models/model_version.h"
#include "base/fwd.h"
#include "model/batch/predictor.h"
#include "model/format/fwd.h"
#include "model/nn/encoder/encoder.h"

namespace pano::models {

// The output that is a text's embedding; null when the model makes none.
const encoder::OutputInfo* EmbeddingOutput(const encoder::EncoderInfo& info);

// A version that looks at whole inputs: embeddings, labels and the like. Thread-safe as
// ModelVersion is.
struct Predictor final : ModelVersion {
  const Predictor* AsPredictor() const override { return this; }
  Status Start(const format::ModelFiles& files, const LoadSettings& settings, ComputePool& pool,
               engine::Observer observer) override;
  InputForm input_form() const override;
  ModelCard Card() const override;
  std::string Summary() const override;

  serving::Service& service() const override { return *predictor; }

  const encoder::EncoderInfo& info() const { return predictor->info(); }

  std::shared_ptr<batch::Predictor> predictor;
  const encoder::Encoder* encoder = nullptr;  // the predictor's
  nn::Compute compute = nn::Compute::kF32;    // how it computes

  // Of an adapter: as Generator's.
  std::shared_ptr<const nn::BoundAdapter> adapter;
  std::weak_ptr<const Predictor> base;
};

}  // namespace pano::models
