#pragma once

#include <optional>
#include <vector>

#include "model/nn/layers/feed_forward.h"
#include "model/nn/layers/mixers.h"
#include "model/nn/weights/decoder_weights.h"

namespace pano::nn {

// A router sends each token to a few of many feed-forward blocks, whose outputs are added up by its
// weights (Shazeer et al., 2017); one more may see every token (DeepSeek-AI, 2024). Experts run one
// after another over the rows that chose them; a row's sum goes by expert number, so it does not
// depend on what else is in the pass. Ranks add up the whole sum once. Confined to the thread that
// steps the model.
class MixtureOfExperts final : public ChannelMixer {
 public:
  // Borrows the weights.
  MixtureOfExperts(const ModelConfig& config, const ExpertWeights& weights);

  Status Mix(ops::OpContext& ops, ops::ConstRows x, ops::Rows out) override;

 private:
  Status AddExpert(ops::OpContext& ops, size_t expert, ops::ConstRows x, ops::Rows out);
  Status AddShared(ops::OpContext& ops, ops::ConstRows x, ops::Rows out);

  const ExpertWeights& weights_;
  const ops::RoutingParams routing_;
  std::vector<FeedForward> experts_;
  std::optional<FeedForward> shared_;
  ops::ExpertAssignment assignment_;  // of the pass
};

}  // namespace pano::nn
