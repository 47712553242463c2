#include "model/engine/sampling/distribution.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "model/engine/sampling/softmax.h"

// Weights are e^((logit - largest) / temperature), not normalised: filters compare sums of weights
// with parts of the total. Without filters all ids stay (dense), and a draw skips whole blocks by
// their sums. With filters only ids that may stay become candidates: top-k finds the k-th largest
// logit by a heap or a selection; top-p and typical-p find where the sum in order of rank reaches
// its target by halving with nth_element, so nothing large is ever sorted. Sources: top-p: Holtzman
// et al. 2020, "The Curious Case of Neural Text Degeneration"; typical-p: Meister et al. 2022,
// "Locally Typical Sampling".

namespace pano::engine {
namespace {

// Up to here a heap beats a selection over the whole row.
constexpr size_t kHeapMax = 512;
// Parts this small are sorted, larger ones halved.
constexpr size_t kSortMax = 64;

// The k-th largest value. REQUIRES: 0 < k <= size.
float KthLargest(std::span<const float> values, size_t k, std::vector<float>& scratch) {
  scratch.clear();
  if (k > kHeapMax) {
    scratch.assign(values.begin(), values.end());
    auto kth = scratch.begin() + static_cast<ptrdiff_t>(k - 1);
    std::nth_element(scratch.begin(), kth, scratch.end(), std::greater<>());
    return *kth;
  }
  for (float value : values) {
    if (scratch.size() == k) {
      if (!(value > scratch.front())) continue;
      std::ranges::pop_heap(scratch, std::greater<>());
      scratch.pop_back();
    }
    scratch.push_back(value);
    std::ranges::push_heap(scratch, std::greater<>());
  }
  return scratch.front();
}

}  // namespace

void Distribution::Build(std::span<const float> logits, const SamplingParams& params) {
  const float max = MaxLogit(logits);
  const float scale = 1.0f / params.temperature;
  const bool top_k = params.top_k > 0 && static_cast<size_t>(params.top_k) < logits.size();
  const bool top_p = params.top_p < 1.0f;
  const bool min_p = params.min_p > 0.0f;
  const bool typical = params.typical_p < 1.0f;
  candidates_.clear();
  dense_ = !(top_k || top_p || min_p || typical);
  if (top_k) {
    TakeTopK(logits, max, scale, static_cast<size_t>(params.top_k));
  } else {
    total_ = ExpWeights(logits, max, scale, weights_, sums_);
    if (dense_) return;
    // What top-p or min-p drops for certain need not become a candidate: all ids with a weight below
    // this cut weigh less than 1 - p together.
    double cut = 0;
    if (top_p) {
      cut = (1.0 - static_cast<double>(params.top_p)) * total_ / static_cast<double>(logits.size());
      cut *= 0.999;   // rounding
    } else if (min_p) {
      cut = static_cast<double>(params.min_p);
    }
    TakeAbove(logits, max, scale, std::min(cut, 1.0));
  }
  if (top_k) total_ = Total();
  if (top_p) FilterTopP(static_cast<double>(params.top_p));
  if (min_p) {
    // The most likely id has weight 1 and always stays.
    float least = std::min(params.min_p, 1.0f);
    std::erase_if(candidates_, [least](const Candidate& c) { return c.weight < least; });
  }
  if (typical) FilterTypical(static_cast<double>(params.typical_p));
  total_ = Total();
}

void Distribution::TakeTopK(std::span<const float> logits, float max, float scale, size_t k) {
  // Everything equal to the k-th stays; what is masked does not.
  float least = std::max(KthLargest(logits, k, scratch_), std::numeric_limits<float>::lowest());
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!(logits[i] >= least)) continue;
    float z = (logits[i] - max) * scale;
    candidates_.push_back({static_cast<TokenId>(i), z, ExpNegative(z)});
  }
}

void Distribution::TakeAbove(std::span<const float> logits, float max, float scale,
                             double weight_min) {
  for (size_t i = 0; i < logits.size(); ++i) {
    if (static_cast<double>(weights_[i]) < weight_min) continue;
    if (logits[i] == -std::numeric_limits<float>::infinity()) continue;
    candidates_.push_back({static_cast<TokenId>(i), (logits[i] - max) * scale, weights_[i]});
  }
}

double Distribution::Total() const {
  double total = 0;
  for (const Candidate& c : candidates_) total += static_cast<double>(c.weight);
  return total;
}

// The last one of the shortest set of lowest-ranked candidates whose weights reach `target`. Linear on
// average: halves the part that the cut lies in until it is small enough to sort.
Distribution::Candidate Distribution::CutAt(double target) {
  auto before = [](const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.id < b.id;
  };
  selection_ = candidates_;
  auto at = [this](size_t i) { return selection_.begin() + static_cast<ptrdiff_t>(i); };
  size_t low = 0;
  size_t high = selection_.size();
  double reached = 0;   // by [0, low)
  while (high - low > kSortMax) {
    size_t middle = low + (high - low) / 2;
    std::nth_element(at(low), at(middle), at(high), before);
    double part = 0;
    for (size_t i = low; i < middle; ++i) part += static_cast<double>(selection_[i].weight);
    if (reached + part >= target) {
      high = middle;
    } else {
      reached += part;
      low = middle;
    }
  }
  std::sort(at(low), at(high), before);
  for (size_t i = low; i < high; ++i) {
    reached += static_cast<double>(selection_[i].weight);
    if (reached >= target) return selection_[i];
  }
  return selection_[high - 1];
}

void Distribution::FilterTopP(double p) {
  for (Candidate& c : candidates_) c.rank = -c.z;
  Candidate cut = CutAt(p * total_);
  // Of equals at the cut, the lowest ids stay.
  std::erase_if(candidates_, [cut](const Candidate& c) {
    return c.rank > cut.rank || (c.rank == cut.rank && c.id > cut.id);
  });
}

// Goes by how far the information of a token, -ln p, lies from what is expected, the entropy.
void Distribution::FilterTypical(double p) {
  double total = Total();
  double log_total = std::log(total);
  double entropy = 0;
  for (const Candidate& c : candidates_) {
    if (c.weight > 0.0f) {
      entropy -= static_cast<double>(c.weight) / total * (static_cast<double>(c.z) - log_total);
    }
  }
  for (Candidate& c : candidates_) {
    c.rank = static_cast<float>(std::abs(log_total - static_cast<double>(c.z) - entropy));
  }
  Candidate cut = CutAt(p * total);
  // All equals at the cut stay.
  std::erase_if(candidates_, [cut](const Candidate& c) { return c.rank > cut.rank; });
  // A set of impossible ids alone would have nothing to draw from. It cannot come about (the cut is
  // reached by weight), but rounding must not decide that.
  if (Total() <= 0.0) candidates_.front().weight = 1.0f;
}

TokenId Distribution::Draw(double uniform) const {
  double left = uniform * total_;
  if (dense_) {
    size_t block = 0;
    while (block + 1 < sums_.size() && left >= sums_[block]) left -= sums_[block++];
    size_t end = std::min((block + 1) * kSumBlock, weights_.size());
    std::optional<size_t> last;   // where rounding may run past the end
    for (size_t i = block * kSumBlock; i < end; ++i) {
      if (weights_[i] <= 0.0f) continue;
      last = i;
      left -= static_cast<double>(weights_[i]);
      if (left < 0.0) break;
    }
    for (size_t i = weights_.size(); !last && i > 0; --i) {
      if (weights_[i - 1] > 0.0f) last = i - 1;
    }
    return static_cast<TokenId>(last.value_or(0));
  }
  TokenId last = candidates_.front().id;
  for (const Candidate& c : candidates_) {
    if (c.weight <= 0.0f) continue;
    last = c.id;
    left -= static_cast<double>(c.weight);
    if (left < 0.0) break;
  }
  return last;
}

std::vector<std::pair<TokenId, double>> Distribution::Probabilities() const {
  std::vector<std::pair<TokenId, double>> out;
  if (dense_) {
    for (size_t i = 0; i < weights_.size(); ++i) {
      out.emplace_back(static_cast<TokenId>(i), static_cast<double>(weights_[i]) / total_);
    }
  } else {
    for (const Candidate& c : candidates_) {
      out.emplace_back(c.id, static_cast<double>(c.weight) / total_);
    }
  }
  return out;
}

}  // namespace pano::engine
