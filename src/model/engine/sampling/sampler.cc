#include "model/engine/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "model/engine/sampling/softmax.h"

// What a grammar does not allow goes out of the row before anything is looked at. The row's log-sum-exp
// comes next, since reported log-probabilities are those before any other change. Then bias, penalties and masks are written into the row, the raw logits of the ids that change
// are kept, and the token is drawn by inverse CDF with the random number of (seed, choice,
// position), or is the first largest where the temperature is zero.

namespace pano::engine {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
constexpr float kLogitMax = std::numeric_limits<float>::max();

float Bounded(float x) { return x == kMinusInfinity ? x : std::clamp(x, -kLogitMax, kLogitMax); }

TokenId FirstLargest(std::span<const float> logits) {
  float max = MaxLogit(logits);
  return static_cast<TokenId>(std::ranges::find(logits, max) - logits.begin());
}

float Logprob(float logit, double log_sum) {
  return static_cast<float>(static_cast<double>(logit) - log_sum);
}

std::vector<TokenLogprob> Top(std::span<const float> logits, double log_sum, int32_t count) {
  if (count <= 0) return {};
  return TopLogprobs(logits, log_sum, static_cast<size_t>(count));
}

// Alternatives that are not allowed are none.
void DropImpossible(std::vector<TokenLogprob>& top) {
  std::erase_if(top, [](const TokenLogprob& one) { return one.logprob == kMinusInfinity; });
}

}  // namespace

DrawnToken OnlyToken(TokenId id, int32_t top_logprobs) {
  DrawnToken drawn{.id = id, .logprob = 0, .top = {}};
  if (top_logprobs > 0) drawn.top.push_back({id, 0});
  return drawn;
}

void AdjustLogits(const SamplingParams& params, const TokenHistory& history,
                  std::span<float> logits) {
  auto inside = [&logits](TokenId id) { return id >= 0 && static_cast<size_t>(id) < logits.size(); };
  for (auto [id, bias] : params.logit_bias) {
    if (!inside(id)) continue;
    float& x = logits[static_cast<size_t>(id)];
    x = Bounded(x + bias);
  }
  if (!NeedsHistory(params)) return;
  for (auto [id, count] : history.output_counts()) {
    if (!inside(id)) continue;
    float& x = logits[static_cast<size_t>(id)];
    x = x > 0.0f ? x / params.repetition_penalty : x * params.repetition_penalty;
    if (count > 0) {
      x -= static_cast<float>(count) * params.frequency_penalty + params.presence_penalty;
    }
    x = Bounded(x);
  }
}

Result<double> Sampler::LogSum(std::span<const float> logits) {
  float max = MaxLogit(logits);
  double sum = std::isfinite(max) ? ExpWeights(logits, max, 1.0f, weights_, sums_) : 0.0;
  // 0 only when there was no finite maximum; NaN when some logit is.
  if (!(sum > 0.0)) {
    bool nan = std::ranges::any_of(logits, [](float x) { return std::isnan(x); });
    return Internal(nan ? "[engine] the model produced NaN logits"
                        : "[engine] the model produced logits without a finite largest one");
  }
  return static_cast<double>(max) + std::log(sum);
}

Result<DrawnToken> Sampler::Score(TokenId token, int32_t top_logprobs,
                                  std::span<const float> logits) {
  PANO_ASSIGN_OR_RETURN(double log_sum, LogSum(logits));
  return DrawnToken{token, Logprob(logits[static_cast<size_t>(token)], log_sum),
                    Top(logits, log_sum, top_logprobs)};
}

Result<DrawnToken> Sampler::Draw(const DrawInput& input, std::span<float> logits) {
  const SamplingParams& params = *input.params;
  if (!input.allowed.empty()) MaskLogits(input.allowed, logits);
  PANO_ASSIGN_OR_RETURN(double log_sum, LogSum(logits));
  DrawnToken drawn;
  drawn.top = Top(logits, log_sum, input.top_logprobs);
  if (!input.allowed.empty()) DropImpossible(drawn.top);

  // The raw logits of ids that may change, to tell the drawn token's log-probability afterwards.
  std::vector<std::pair<TokenId, float>> raw;
  auto remember = [&](TokenId id) {
    if (id >= 0 && static_cast<size_t>(id) < logits.size()) {
      raw.emplace_back(id, logits[static_cast<size_t>(id)]);
    }
  };
  for (auto [id, bias] : params.logit_bias) remember(id);
  if (NeedsHistory(params)) {
    for (auto [id, count] : input.history->output_counts()) remember(id);
  }
  AdjustLogits(params, *input.history, logits);

  unmasked_.clear();
  for (TokenId id : input.masked) {
    float& x = logits[static_cast<size_t>(id)];
    raw.emplace_back(id, x);
    unmasked_.push_back(x);
    x = kMinusInfinity;
  }
  if (!input.masked.empty() && MaxLogit(logits) == kMinusInfinity) {
    for (size_t i = input.masked.size(); i > 0; --i) {
      logits[static_cast<size_t>(input.masked[i - 1])] = unmasked_[i - 1];
    }
  }

  if (params.temperature < kTemperatureMin) {
    drawn.id = FirstLargest(logits);
  } else {
    distribution_.Build(logits, params);
    drawn.id = distribution_.Draw(UniformAt(input.seed, input.choice, input.position));
  }
  float logit = logits[static_cast<size_t>(drawn.id)];
  for (auto [id, value] : raw) {
    if (id != drawn.id) continue;
    logit = value;   // the first is the raw one
    break;
  }
  drawn.logprob = Logprob(logit, log_sum);
  return drawn;
}

}  // namespace pano::engine
