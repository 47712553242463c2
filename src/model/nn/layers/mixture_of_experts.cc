#include "model/nn/layers/mixture_of_experts.h"

#include "model/format/weights.h"

namespace pano::nn {

MixtureOfExperts::MixtureOfExperts(const ModelConfig& config, const ExpertWeights& weights)
    : weights_(weights),
      routing_{Size(config.experts.used), config.experts.normalize, config.experts.scale,
               Size(config.experts.groups), Size(config.experts.groups_used)} {
  for (size_t e = 0; e < weights.up.size(); ++e) {
    experts_.emplace_back(config.activation, weights.gate[e], weights.up[e], weights.down[e]);
  }
  if (config.experts.shared_size > 0) {
    shared_.emplace(config.activation, weights.shared_gate, weights.shared_up,
                    weights.shared_down);
  }
}

Status MixtureOfExperts::Mix(ops::OpContext& ops, ops::ConstRows x, ops::Rows out) {
  ops::Workspace::Scope scope(ops.workspace());
  const ops::Rows logits = scope.Take(x.rows, experts_.size());
  PANO_RETURN_IF_ERROR(ops::LinearLayer(ops, weights_.router, x, logits));
  ops::Route(ops, routing_, logits, assignment_);
  ops::Fill(ops, 0.0f, out);
  for (size_t e = 0; e < experts_.size(); ++e) PANO_RETURN_IF_ERROR(AddExpert(ops, e, x, out));
  if (shared_) PANO_RETURN_IF_ERROR(AddShared(ops, x, out));
  return experts_.front().reduces() ? ops::SumOverRanks(ops, out) : Status();
}

Status MixtureOfExperts::AddExpert(ops::OpContext& ops, size_t expert, ops::ConstRows x,
                                   ops::Rows out) {
  const auto rows = assignment_.rows(expert);
  if (rows.empty()) return {};
  ops::Workspace::Scope scope(ops.workspace());
  const ops::Rows in = scope.Take(rows.size(), x.width), y = scope.Take(rows.size(), out.width);
  ops::GatherRows(ops, rows, x, in);
  const ops::AdapterScope adapters(ops, rows);
  PANO_RETURN_IF_ERROR(experts_[expert].MixPartial(ops, in, y));
  ops::ScatterAddRows(ops, rows, assignment_.weights(expert), y, out);
  return {};
}

Status MixtureOfExperts::AddShared(ops::OpContext& ops, ops::ConstRows x, ops::Rows out) {
  ops::Workspace::Scope scope(ops.workspace());
  const ops::Rows y = scope.Take(x.rows, out.width);
  PANO_RETURN_IF_ERROR(shared_->MixPartial(ops, x, y));
  if (weights_.shared_router.present()) {
    const ops::Rows gate = scope.Take(x.rows, 1);
    PANO_RETURN_IF_ERROR(ops::LinearLayer(ops, weights_.shared_router, x, gate));
    ops::ScaleBySigmoid(ops, gate, y);
  }
  ops::Add(ops, out, y);
  return {};
}

}  // namespace pano::nn
