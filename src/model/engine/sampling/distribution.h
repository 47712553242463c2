#pragma once

#include <span>
#include <utility>
#include <vector>

#include "model/engine/request.h"

namespace pano::engine {

// What the next token is drawn from: logits through temperature, top-k, top-p, min-p and typical-p
// (each renormalises what the one before it kept). Holds its memory between uses.
// Confined to one thread at a time.
class Distribution {
 public:
  // Never empty. REQUIRES: no NaN, the largest logit is finite, temperature > 0.
  void Build(std::span<const float> logits, const SamplingParams& params);

  // By inverse CDF in id order, `uniform` in [0, 1).
  TokenId Draw(double uniform) const;

  // Ids in ascending order with their probabilities.
  std::vector<std::pair<TokenId, double>> Probabilities() const;

 private:
  struct Candidate {
    TokenId id = 0;
    float z = 0;        // (logit - largest) / temperature
    float weight = 0;   // e^z
    float rank = 0;     // what a filter goes by, smallest first
  };

  void TakeTopK(std::span<const float> logits, float max, float scale, size_t k);
  void TakeAbove(std::span<const float> logits, float max, float scale, double weight_min);
  void FilterTopP(double p);
  void FilterTypical(double p);
  double Total() const;
  Candidate CutAt(double target);

  bool dense_ = false;               // every id counts: weights_ and sums_, else candidates_
  std::vector<float> weights_;       // by id
  std::vector<double> sums_;         // of each block of kSumBlock weights
  std::vector<Candidate> candidates_;   // by id
  std::vector<Candidate> selection_;
  std::vector<float> scratch_;
  double total_ = 0;
};

}  // namespace pano::engine
