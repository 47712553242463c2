#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "app/api/context.h"
#include "app/api/parameters.h"
#include "app/api/text_place.h"
#include "app/models/predictor.h"
#include "base/json.h"
#include "model/batch/predict_request.h"
#include "model/batch/prediction.h"

namespace pano::api::openai {

// Pairs of texts on their way through a cross-encoder: a sequence classifier with one label, which says how well
// the second belongs to the first. Thread-compatible.
class PairScores {
 public:
  // A query is read anew beside each document: bytes of it, times documents, that one request may ask for.
  static constexpr size_t kRepeatedBytesMax = 16 << 20;

  // The cross-encoder that the request names; another kind of model is refused by name
  // ("model_does_not_score_pairs"). Reads "truncate", "timeout_ms" and their like.
  Status Begin(Context& context, Call& call, const Parameters& parameters);

  // Adds a pair; `place` is where its second text stands.
  Status Add(std::string_view first, std::string_view second, const TextPlace& place);

  // The score of each pair, in their order: the label's sigmoid; of a regression the number itself, as /predict has it.
  static std::vector<double> Read(const models::Predictor& version, const batch::Predicted& predicted);

  const models::PredictorPtr& version() const { return version_; }
  batch::PredictRequest& request() { return request_; }
  int64_t tokens() const { return tokens_; }

 private:
  models::PredictorPtr version_;
  batch::PredictRequest request_;
  bool truncate_ = false;
  int64_t tokens_ = 0;
};

// {"prompt_tokens", "total_tokens"}
json::Value PairUsageJson(int64_t tokens);

}  // namespace pano::api::openai
