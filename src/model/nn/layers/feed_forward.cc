#include "model/nn/layers/feed_forward.h"

namespace pano::nn {

Status FeedForward::Inner(ops::OpContext& ops, ops::Workspace::Scope& scope, ops::ConstRows x,
                          ops::Rows& inner) {
  const ops::Rows up = scope.Take(x.rows, up_.out());
  inner = up;
  if (!gate_.present()) {
    PANO_RETURN_IF_ERROR(ops::LinearLayer(ops, up_, x, up));
    ops::Activate(ops, activation_, up);
    return {};
  }
  inner = scope.Take(x.rows, gate_.out());
  const ops::LinearOutput outputs[] = {{&gate_, inner}, {&up_, up}};
  PANO_RETURN_IF_ERROR(ops::LinearLayers(ops, x, outputs));
  ops::GatedActivate(ops, activation_, inner, up);
  return {};
}

Status FeedForward::Mix(ops::OpContext& ops, ops::ConstRows x, ops::Rows out) {
  ops::Workspace::Scope scope(ops.workspace());
  ops::Rows inner;
  PANO_RETURN_IF_ERROR(Inner(ops, scope, x, inner));
  return ops::LinearLayer(ops, down_, inner, out);
}

Status FeedForward::MixPartial(ops::OpContext& ops, ops::ConstRows x, ops::Rows out) {
  ops::Workspace::Scope scope(ops.workspace());
  ops::Rows inner;
  PANO_RETURN_IF_ERROR(Inner(ops, scope, x, inner));
  ops::PartialLinear(ops, down_, inner, out);
  return {};
}

}  // namespace pano::nn
