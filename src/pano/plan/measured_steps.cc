#include "pano/plan/measured_steps.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/threads.h"
#include "model/engine/sampling/sampler.h"
#include "model/nn/model.h"
#include "pano/bench/rate.h"
#include "pano/bench/sequence_batch.h"

namespace pano::plan {
namespace {

double D(int64_t n) { return static_cast<double>(n); }

// Of the engine and its server around a forward pass: for each step, and for each token that is drawn, beside drawing it. Fitted to soaks of
// the starter model, whose steps are short (docs/reports/planning.md).
constexpr double kStepSeconds = 120e-6, kTokenSeconds = 30e-6;
constexpr int64_t kPieceTokens = 24;  // of a prompt beside decoding sequences (engine::Options::prefill_beside_decodes)
constexpr int64_t kShort = 16;        // positions behind which attention costs next to nothing
constexpr int64_t kSteps = 16, kStepsLeast = 4;   // of decoding, in one pass: fewer where one is long
constexpr int64_t kClientsMax = 256;
// Each kind of step is measured for so long, at least and at most so many times.
constexpr double kSecondsEach = 0.25, kSecondsPass = 0.1;
constexpr int kTimesMin = 2, kTimesMax = 60;

// Steps of equal sequences, timed.
class Stopwatch {
 public:
  Stopwatch(nn::Model& model, ComputePool& pool, int64_t tokens) : model_(model), pool_(pool), ids_(static_cast<size_t>(tokens)) {
    Random random(1);
    for (nn::TokenId& id : ids_) id = static_cast<nn::TokenId>(random.Below(static_cast<uint64_t>(model.vocab_size())));
  }

  // One step in which `count` sequences decode behind `depth` tokens (in the middle of the pass), beside `piece` tokens of a prompt.
  Result<double> Decode(int64_t count, int64_t depth, int64_t piece = 0) {
    int64_t steps = std::min(kSteps, model_.context_length() - depth);
    const int64_t prompt = std::max<int64_t>(1, depth - steps / 2);
    PANO_ASSIGN_OR_RETURN(auto batch, bench::SequenceBatch::Create(model_, pool_, static_cast<size_t>(count), std::max(prompt + steps, 2 * piece), piece > 0));
    PANO_RETURN_IF_ERROR(batch.Prefill(First(prompt)).status());
    PANO_ASSIGN_OR_RETURN(const double one, batch.Decode());
    steps = std::clamp(static_cast<int64_t>(kSecondsPass / one), std::min(kStepsLeast, steps), steps);
    return Median([&]() -> Result<double> {
      batch.Rewind();
      double sum = 0;
      for (int64_t i = 0; i < steps; ++i) {
        PANO_ASSIGN_OR_RETURN(const double seconds, piece > 0 ? batch.DecodeBeside(First(piece)) : batch.Decode());
        sum += seconds;
      }
      return sum / D(steps);
    });
  }

  // One step that computes `count` prompts.
  Result<double> Prefill(int64_t count, int64_t tokens) {
    PANO_ASSIGN_OR_RETURN(auto batch, bench::SequenceBatch::Create(model_, pool_, static_cast<size_t>(count), tokens + 1));
    return Median([&] { return batch.PrefillTogether(First(tokens)); });
  }

  // Drawing one token from the whole vocabulary.
  Result<double> Draw() {
    std::vector<float> logits(static_cast<size_t>(model_.vocab_size())), row;
    Random random(2);
    for (float& logit : logits) logit = static_cast<float>(random.Normal());
    const engine::SamplingParams params;   // temperature 1, all tokens
    const engine::TokenHistory history;
    engine::Sampler sampler;
    engine::DrawInput input;
    input.params = &params;
    input.history = &history;
    return Median([&]() -> Result<double> {
      row = logits;
      const auto begin = std::chrono::steady_clock::now();
      PANO_RETURN_IF_ERROR(sampler.Draw(input, row).status());
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    });
  }

 private:
  std::span<const nn::TokenId> First(int64_t count) const { return std::span(ids_).first(static_cast<size_t>(count)); }

  template <typename Once>
  Result<double> Median(const Once& once) {
    std::vector<double> times;
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i <= kTimesMax; ++i) {
      PANO_ASSIGN_OR_RETURN(const double seconds, once());
      if (i > 0) times.push_back(seconds);   // the first one finds cold caches
      const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
      if (i >= kTimesMin && spent.count() > kSecondsEach) break;
    }
    return bench::RateOf(std::move(times)).median;
  }

  nn::Model& model_;
  ComputePool& pool_;
  std::vector<nn::TokenId> ids_;
};

}  // namespace

Result<MeasuredSteps> MeasureSteps(nn::Model& model, const planner::WorkloadSpec& spec, const StepMix& mix, ComputePool& pool) {
  const int64_t clients = std::clamp<int64_t>(mix.clients, 1, kClientsMax);
  const int64_t prompt = std::clamp<int64_t>(mix.prompt, 1, std::max<int64_t>(1, mix.context - 2));
  const int64_t depth = std::clamp<int64_t>(prompt + mix.answer / 2, 1, std::max<int64_t>(1, mix.context - 1));
  Stopwatch watch(model, pool, std::max({prompt, depth, mix.step_tokens, 2 * kPieceTokens + 3 * clients}));

  MeasuredSteps out;
  out.time.roofline = true;
  sim::RooflineTime& roof = out.time.roof;
  roof = {};
  // In units of a token's products in the layers; the head's are a share of those. Attention in seconds a pair, positions in seconds.
  roof.flops_per_token = roof.flops_per_pair = roof.kv_bytes_per_token = 1;
  roof.flops_per_sample = D(spec.vocabulary) * D(spec.hidden) / (spec.layer_product_parameters() * D(spec.layers));

  std::map<int64_t, double> decode;   // sequences, seconds of a step
  for (const int64_t count : {int64_t{1}, std::max<int64_t>(2, clients / 4), std::max<int64_t>(2, clients / 2), clients}) {
    if (count > clients || decode.contains(count)) continue;
    PANO_ASSIGN_OR_RETURN(decode[count], watch.Decode(count, depth));
  }
  double position = 0, pair = 0;   // seconds
  if (depth >= 4 * kShort) {
    PANO_ASSIGN_OR_RETURN(const double shallow, watch.Decode(clients, kShort));
    position = std::max(0.0, (decode.rbegin()->second - shallow) / (D(clients) * D(depth - kShort)));
  }
  PANO_ASSIGN_OR_RETURN(const double whole, watch.Prefill(1, prompt));
  double halves = 0;
  const int64_t half = prompt / 2;
  if (half >= kShort) {
    PANO_ASSIGN_OR_RETURN(halves, watch.Prefill(2, half));
  }

  std::map<int64_t, double> knots;   // rows, seconds of products
  for (const auto& [count, seconds] : decode) {
    knots[count] = std::max(1e-9, seconds - D(count) * D(depth) * position) / (1 + roof.flops_per_sample);
  }
  const auto head = [&](int64_t samples) {   // between the knots of decoding, which lie close
    const auto above = knots.lower_bound(samples);
    if (above == knots.end()) return knots.rbegin()->second * roof.flops_per_sample * D(samples) / D(knots.rbegin()->first);
    if (above == knots.begin() || above->first == samples) return above->second * roof.flops_per_sample;
    const auto below = std::prev(above);
    const double share = D(samples - below->first) / D(above->first - below->first);
    return (below->second + (above->second - below->second) * share) * roof.flops_per_sample;
  };
  if (halves > 0) {
    const double more = whole - halves + (head(2) - head(1));
    pair = std::max(0.0, more / (D(prompt) * D(prompt) / 2 - D(half) * D(half)));
  }
  std::vector<std::pair<int64_t, double>> others;   // rows, seconds of products
  const auto prompts = [&](int64_t count, int64_t tokens, double seconds) {
    others.emplace_back(count * tokens, seconds - head(count) - D(count) * (D(tokens) * position + D(tokens) * D(tokens + 1) / 2 * pair));
  };
  prompts(1, prompt, whole);
  if (const int64_t together = std::min(clients, mix.step_tokens / prompt); together > 1) {
    PANO_ASSIGN_OR_RETURN(const double seconds, watch.Prefill(together, prompt));
    prompts(together, prompt, seconds);
  }
  const int64_t beside = std::max<int64_t>(1, clients - 1), piece = std::max(kPieceTokens, beside * 3 / 2);
  if (clients > 1 && piece < prompt) {
    PANO_ASSIGN_OR_RETURN(const double seconds, watch.Decode(beside, depth, piece));
    // The pieces of a pass begin behind those before, as far as the prompt goes.
    const double room = D((std::max(depth + kSteps, 2 * piece) + nn::kBlockTokens - 1) / nn::kBlockTokens * nn::kBlockTokens);
    const double before = std::min(D(piece) * (D(kSteps) - 1), room - D(piece)) / 2;
    others.emplace_back(beside + piece, seconds - head(beside) - (D(beside) * D(depth) + before + D(piece)) * position -
                                            D(piece) * (before + D(piece) / 2) * pair);
  }
  std::ranges::sort(others);
  for (const auto& [rows, seconds] : others) {
    if (rows > knots.rbegin()->first) knots[rows] = std::max(knots.rbegin()->second, seconds);
  }
  for (const auto& [rows, seconds] : knots) roof.flops_s_by_rows.push_back({D(rows), D(rows) / seconds});
  roof.flops_s = roof.flops_s_by_rows.back().flops_s;
  roof.bytes_s = position > 0 ? 1 / position : 1e30;
  roof.attention_flops_s = pair > 0 ? 1 / pair : 1e30;
  roof.decode_attention_flops_s = 1e30;   // what it takes is in the positions
  PANO_ASSIGN_OR_RETURN(const double draw, watch.Draw());
  roof.step_s = kStepSeconds;
  roof.sample_s = kTokenSeconds + draw / std::min<double>(pool.threads(), D(clients));   // sequences draw beside each other

  planner::StepTimes& line = out.closed_form;
  line.prefill_s_per_token = whole / D(prompt);
  const double alone = decode.begin()->second, together = decode.rbegin()->second;
  line.decode_s_per_sequence = clients > 1 ? std::max(0.0, (together - alone) / D(clients - 1)) : 0;
  line.decode_s_base = together - line.decode_s_per_sequence * D(clients);
  line.bound = "measured";
  return out;
}

}  // namespace pano::plan
