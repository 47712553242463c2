#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/random.h"
#include "model/engine/sampling/sampler.h"

namespace pano::engine {
namespace {

constexpr size_t kVocab = 128256;

// A row as a model that is fairly sure makes it: a few ids stand out of noise.
std::vector<float> Row() {
  Random random(1);
  std::vector<float> logits(kVocab);
  for (float& x : logits) x = static_cast<float>(random.Normal() * 2);
  for (int i = 0; i < 20; ++i) logits[random.Below(kVocab)] = static_cast<float>(10 + i * 0.5);
  return logits;
}

void Run(benchmark::State& state, const SamplingParams& params, int32_t top_logprobs = 0) {
  std::vector<float> row = Row();
  std::vector<TokenId> prompt(1000, 17);
  TokenHistory history(prompt);
  Sampler sampler;
  std::vector<float> scratch;
  DrawInput input;
  input.params = &params;
  input.history = &history;
  input.top_logprobs = top_logprobs;
  for (auto _ : state) {
    scratch = row;
    auto drawn = sampler.Draw(input, scratch);
    PANO_CHECK(drawn.ok() && drawn->logprob < 0);
    ++input.position;
    benchmark::DoNotOptimize(drawn->id);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kVocab * sizeof(float)));
}

void Greedy(benchmark::State& state) { Run(state, {.temperature = 0}); }
void GreedyTop20(benchmark::State& state) { Run(state, {.temperature = 0}, 20); }
void Plain(benchmark::State& state) { Run(state, {}); }
void Temperature(benchmark::State& state) { Run(state, {.temperature = 0.7f}); }
void TopK(benchmark::State& state) { Run(state, {.top_k = 40}); }
void TopP(benchmark::State& state) { Run(state, {.top_p = 0.95f}); }
void TopPFlat(benchmark::State& state) { Run(state, {.temperature = 5.0f, .top_p = 0.95f}); }
void MinP(benchmark::State& state) { Run(state, {.min_p = 0.05f}); }
void TypicalP(benchmark::State& state) { Run(state, {.typical_p = 0.9f}); }
void Everything(benchmark::State& state) {
  Run(state, {.repetition_penalty = 1.1f, .temperature = 0.8f, .top_k = 100, .top_p = 0.9f,
              .min_p = 0.01f, .typical_p = 0.95f});
}

BENCHMARK(Greedy)->Unit(benchmark::kMicrosecond);
BENCHMARK(GreedyTop20)->Unit(benchmark::kMicrosecond);
BENCHMARK(Plain)->Unit(benchmark::kMicrosecond);
BENCHMARK(Temperature)->Unit(benchmark::kMicrosecond);
BENCHMARK(TopK)->Unit(benchmark::kMicrosecond);
BENCHMARK(TopP)->Unit(benchmark::kMicrosecond);
BENCHMARK(TopPFlat)->Unit(benchmark::kMicrosecond);
BENCHMARK(MinP)->Unit(benchmark::kMicrosecond);
BENCHMARK(TypicalP)->Unit(benchmark::kMicrosecond);
BENCHMARK(Everything)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pano::engine
