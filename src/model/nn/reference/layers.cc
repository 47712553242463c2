#include "model/nn/reference/layers.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace pano::reference {
namespace {

using nn::ModelConfig;
using nn::NormPlacement;

size_t Size(int64_t n) { return static_cast<size_t>(n); }

// down(act(gate x) * (up x)), or down(act(up x)) where there is no gate.
Vector Dense(const ModelConfig& c, const Linear& gate, const Linear& up, const Linear& down,
             std::span<const double> x) {
  Vector inner = Apply(up, x);
  const Vector gates = gate.present() ? Apply(gate, x) : Vector();
  for (size_t i = 0; i < inner.size(); ++i) {
    inner[i] = gate.present() ? Activate(c.activation, gates[i]) * inner[i]
                              : Activate(c.activation, inner[i]);
  }
  return Apply(down, inner);
}

// The `count` largest of `scores`, of equal ones the first.
std::vector<size_t> Best(const Vector& scores, size_t count, Trace& trace) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  if (count < order.size()) {
    trace.routing_margin =
        std::min(trace.routing_margin, scores[order[count - 1]] - scores[order[count]]);
  }
  order.resize(count);
  return order;
}

// Each expert's weight for one token; 0 where it is not chosen.
Vector Route(const nn::ExpertConfig& e, Vector p, Trace& trace) {
  Softmax(p);
  Vector eligible = p;
  if (e.groups > 1) {
    const size_t groups = Size(e.groups), size = p.size() / groups;
    Vector best(groups);
    for (size_t i = 0; i < p.size(); ++i) best[i / size] = std::max(best[i / size], p[i]);
    const std::vector<size_t> kept = Best(best, Size(e.groups_used), trace);
    for (size_t i = 0; i < p.size(); ++i) {
      if (std::ranges::find(kept, i / size) == kept.end()) eligible[i] = -1.0;
    }
  }
  const std::vector<size_t> chosen = Best(eligible, Size(e.used), trace);
  double sum = 0;
  for (size_t i : chosen) sum += p[i];
  Vector weights(p.size());
  for (size_t i : chosen) weights[i] = (e.normalize ? p[i] / sum : p[i]) * e.scale;
  return weights;
}

Vector Mixture(const ModelConfig& c, const ExpertTensors& w, std::span<const double> x,
               Trace& trace) {
  Vector out(x.size());
  auto add = [&](double factor, const Vector& y) {
    for (size_t d = 0; d < out.size(); ++d) out[d] += factor * y[d];
  };
  const Vector weights = Route(c.experts, Apply(w.router, x), trace);
  for (size_t e = 0; e < weights.size(); ++e) {
    if (weights[e] != 0) add(weights[e], Dense(c, w.gate[e], w.up[e], w.down[e], x));
  }
  if (c.experts.shared_size > 0) {
    const double share =
        c.experts.shared_gate ? 1.0 / (1.0 + std::exp(-Apply(w.shared_router, x)[0])) : 1.0;
    add(share, Dense(c, w.shared_gate, w.shared_up, w.shared_down, x));
  }
  return out;
}

class Pass {
 public:
  Pass(const ModelConfig& config, const ModelTensors& tensors, const Sequence& sequence,
       Trace& trace)
      : c_(config), tensors_(tensors), sequence_(sequence), trace_(trace) {}

  void Run(Matrix& x) {
    if (c_.embedding_norm) Normalise(tensors_.embedding_norm, x);
    for (size_t layer = 0; layer < tensors_.layers.size(); ++layer) {
      if (c_.parallel) {
        Parallel(layer, x);
      } else {
        Sequential(layer, x);
      }
    }
    if (c_.final_norm) Normalise(tensors_.final_norm, x);
  }

 private:
  void Normalise(const Norm& norm, Matrix& x) {
    for (size_t r = 0; r < x.rows; ++r) {
      ApplyNorm(c_.norm, norm, c_.norm_offset, c_.norm_epsilon, x.row(r));
    }
  }
  Matrix Normalised(const Norm& norm, Matrix x) {
    if (norm.present()) Normalise(norm, x);
    return x;
  }
  void Add(const Matrix& y, Matrix& x) {
    for (size_t i = 0; i < x.values.size(); ++i) x.values[i] += c_.residual_scale * y.values[i];
  }
  Matrix Attend(size_t layer, const Matrix& x) {
    return SelfAttention(c_, tensors_, layer, sequence_, x);
  }
  Matrix Feed(size_t layer, const Matrix& x) { return FeedForward(c_, tensors_, layer, x, trace_); }

  // x + attention(norm(x)) + ffn(norm'(x)).
  void Parallel(size_t layer, Matrix& x) {
    const LayerTensors& w = tensors_.layers[layer];
    const Matrix first = Normalised(w.attention_norm, x);
    const Matrix second = c_.shared_norm ? first : Normalised(w.ffn_norm, x);
    const Matrix attended = Attend(layer, first), fed = Feed(layer, second);
    Add(attended, x);
    Add(fed, x);
  }

  template <typename Block>
  void Around(const Norm& before, const Norm& after, Block&& block, Matrix& x) {
    const NormPlacement placement = c_.norm_placement;
    const bool first = placement == NormPlacement::kBefore || placement == NormPlacement::kAround;
    const bool second = placement == NormPlacement::kAfter || placement == NormPlacement::kAround;
    Matrix y = block(first ? Normalised(before, x) : x);
    if (second) Normalise(after, y);
    Add(y, x);
    if (placement == NormPlacement::kResidual) Normalise(after, x);
  }
  void Sequential(size_t layer, Matrix& x) {
    const LayerTensors& w = tensors_.layers[layer];
    Around(
        w.attention_norm, w.attention_post_norm,
        [&](const Matrix& in) { return Attend(layer, in); }, x);
    if (c_.cross_attention) {
      Add(CrossAttention(c_, tensors_, layer, sequence_, Normalised(w.cross_norm, x)), x);
    }
    Around(
        w.ffn_norm, w.ffn_post_norm, [&](const Matrix& in) { return Feed(layer, in); }, x);
  }

  const ModelConfig& c_;
  const ModelTensors& tensors_;
  const Sequence& sequence_;
  Trace& trace_;
};

}  // namespace

Matrix FeedForward(const ModelConfig& c, const ModelTensors& tensors, size_t layer, const Matrix& x,
                   Trace& trace) {
  const LayerTensors& w = tensors.layers[layer];
  Matrix out(x.rows, x.cols);
  for (size_t r = 0; r < x.rows; ++r) {
    const Vector y = c.layers[layer].experts ? Mixture(c, w.experts, x.row(r), trace)
                                             : Dense(c, w.gate, w.up, w.down, x.row(r));
    std::ranges::copy(y, out.row(r).begin());
  }
  return out;
}

void RunLayers(const ModelConfig& config, const ModelTensors& tensors, const Sequence& sequence,
               Matrix& x, Trace& trace) {
  Pass(config, tensors, sequence, trace).Run(x);
}

}  // namespace pano::reference
