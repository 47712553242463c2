#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/api/native/instances.h"
#include "app/models/predictor.h"
#include "base/json.h"
#include "model/batch/predict_request.h"
#include "model/batch/prediction.h"

namespace pano::api::native {

// What a request wants to know of its instances.
struct PredictionOptions {
  std::vector<std::string> outputs;  // these as they are; empty: what the model was made for
  int64_t top_k = 5;                 // candidates for a masked token
  std::optional<nn::TokenId> mask_token_id;
};

// One request's way from instances to predictions: which outputs it asks the model for, at which
// positions, and what they mean by the model's task. A value. Thread-compatible.
class PredictionPlan {
 public:
  // The request for the predictor, without a deadline; takes the inputs out of `instances`.
  Status Make(const models::Predictor& version, PredictionOptions options, Instances instances,
              batch::PredictRequest& request);

  // One prediction an instance: {"label", "score", "scores"} of classifiers, a list of {"index",
  // "token", "token_id", "label", "score"} of token classifiers, {"embedding"}, {"masks"} with
  // candidates, embeddings and logits of texts and images, or {"outputs": {name: numbers}}.
  Status ToJson(const models::Predictor& version, const batch::Predicted& predicted,
                json::Value& predictions) const;

 private:
  // A token whose outputs are kept.
  struct Token {
    int32_t index;
    nn::TokenId id;
  };

  Status PlanTask(const models::Predictor& version, encoder::EncoderBatch& inputs);
  Status KeepMasked(const models::Predictor& version, const encoder::EncoderBatch& inputs);
  void KeepTokens(const models::Predictor& version, const encoder::EncoderBatch& inputs);
  json::Value TaskJson(const models::Predictor& version, const batch::Predicted& predicted,
                       const Instances::Rows& rows) const;
  json::Value TokensJson(const models::Predictor& version, const std::vector<float>& row,
                         size_t text) const;
  json::Value MasksJson(const models::Predictor& version, const std::vector<float>& row,
                        size_t text) const;

  PredictionOptions options_;
  std::vector<Instances::Rows> rows_;           // of each instance
  std::vector<std::vector<Token>> tokens_;  // one list a text, where the task is about tokens
};

// Probabilities of logits: a softmax, or one for each label where several may be true.
std::vector<double> Probabilities(std::span<const float> logits, bool several);

}  // namespace pano::api::native
