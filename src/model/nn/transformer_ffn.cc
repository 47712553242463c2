// Feed-forward blocks: one set of matrices, or a mixture of experts.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/nn/transformer.h"

namespace pano::nn {

void Transformer::FeedForward(size_t layer, const float* x, float* out) {
  const LayerWeights& w = weights_.layers[layer];
  if (config_.layers[layer].experts) {
    Mixture(w.experts, x, out);
  } else {
    Dense(w.gate, w.up, w.down, x, rows(), out);
  }
}

void Transformer::Dense(const Linear& gate, const Linear& up, const Linear& down, const float* x,
                        size_t count, float* out) {
  const size_t size = up.out();
  Grow(up_, count * size);
  if (!gate.present()) {
    Apply(up, x, count, up_.data());
    pool_.ParallelFor(count, kRowGrain, [&](size_t begin, size_t end, int) {
      activation_.plain(&up_[begin * size], (end - begin) * size);
    });
    Apply(down, up_.data(), count, out);
    return;
  }
  Grow(gate_, count * size);
  const Product products[] = {{&gate, gate_.data()}, {&up, up_.data()}};
  Apply(products, x, count);
  pool_.ParallelFor(count, kRowGrain, [&](size_t begin, size_t end, int) {
    for (size_t r = begin; r < end; ++r) {
      activation_.gated(&gate_[r * size], &up_[r * size], size);
    }
  });
  Apply(down, gate_.data(), count, out);
}

// From one token's router logits [experts] to each expert's weight, 0 for those not chosen. Of
// equal ones the lower number is chosen.
void Transformer::Route(const float* logits, float* weights) const {
  const ExpertConfig& e = config_.experts;
  const size_t count = Size(e.count), used = Size(e.used);
  const float top = *std::max_element(logits, logits + count);
  std::vector<float> p(count);
  float sum = 0;
  for (size_t i = 0; i < count; ++i) sum += p[i] = std::exp(logits[i] - top);
  for (float& value : p) value /= sum;

  std::vector<float> score = p;
  if (e.groups > 1) {
    // Only experts of the groups with the best single experts stay eligible.
    const size_t groups = Size(e.groups), size = count / groups;
    std::vector<size_t> order(groups);
    std::iota(order.begin(), order.end(), size_t{0});
    auto best = [&](size_t g) {
      return *std::max_element(p.begin() + static_cast<std::ptrdiff_t>(g * size),
                               p.begin() + static_cast<std::ptrdiff_t>((g + 1) * size));
    };
    std::ranges::stable_sort(order, [&](size_t a, size_t b) { return best(a) > best(b); });
    for (size_t i = Size(e.groups_used); i < groups; ++i) {
      for (size_t j = 0; j < size; ++j) score[order[i] * size + j] = 0.0f;
    }
  }
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return score[a] > score[b]; });
  float chosen = 0;
  for (size_t i = 0; i < used; ++i) chosen += p[order[i]];
  std::fill_n(weights, count, 0.0f);
  for (size_t i = 0; i < used; ++i) {
    weights[order[i]] = (e.normalize ? p[order[i]] / chosen : p[order[i]]) * e.scale;
  }
}

// Experts run one after another over the rows that chose them; a row's sum goes by expert number,
// so it does not depend on what else is in the step.
void Transformer::Mixture(const ExpertWeights& experts, const float* x, float* out) {
  const size_t hidden = Size(config_.hidden_size), count = Size(config_.experts.count);
  Grow(routed_, rows() * count);
  Apply(experts.router, x, rows(), routed_.data());
  pool_.ParallelFor(rows(), kRowGrain, [&](size_t begin, size_t end, int) {
    std::vector<float> weights(count);
    for (size_t r = begin; r < end; ++r) {
      Route(&routed_[r * count], weights.data());
      std::ranges::copy(weights, &routed_[r * count]);
    }
  });
  std::fill_n(out, rows() * hidden, 0.0f);
  std::vector<size_t> chosen;
  for (size_t e = 0; e < count; ++e) {
    chosen.clear();
    for (size_t r = 0; r < rows(); ++r) {
      if (routed_[r * count + e] != 0.0f) chosen.push_back(r);
    }
    if (chosen.empty()) continue;
    Grow(gathered_, chosen.size() * hidden);
    Grow(expert_out_, chosen.size() * hidden);
    for (size_t i = 0; i < chosen.size(); ++i) {
      std::copy_n(x + chosen[i] * hidden, hidden, &gathered_[i * hidden]);
    }
    Dense(experts.gate[e], experts.up[e], experts.down[e], gathered_.data(), chosen.size(),
          expert_out_.data());
    for (size_t i = 0; i < chosen.size(); ++i) {
      const float weight = routed_[chosen[i] * count + e];
      float* to = out + chosen[i] * hidden;
      for (size_t d = 0; d < hidden; ++d) to[d] += weight * expert_out_[i * hidden + d];
    }
  }
  if (config_.experts.shared_size > 0) SharedExpert(experts, x, out);
}

void Transformer::SharedExpert(const ExpertWeights& experts, const float* x, float* out) {
  const size_t hidden = Size(config_.hidden_size);
  Grow(expert_out_, rows() * hidden);
  Dense(experts.shared_gate, experts.shared_up, experts.shared_down, x, rows(), expert_out_.data());
  if (experts.shared_router.present()) {
    Grow(routed_, rows());
    Apply(experts.shared_router, x, rows(), routed_.data());
    for (size_t r = 0; r < rows(); ++r) {
      const float weight = 1.0f / (1.0f + std::exp(-routed_[r]));
      for (size_t d = 0; d < hidden; ++d) expert_out_[r * hidden + d] *= weight;
    }
  }
  for (size_t i = 0; i < rows() * hidden; ++i) out[i] += expert_out_[i];
}

}  // namespace pano::nn
